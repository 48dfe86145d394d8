"""The check of a password whose second factor was removed, at the next login."""

from flask_watchword.accounts.errors import Rejected
from flask_watchword.accounts.login_challenge import NEW_PASSWORD
from flask_watchword.accounts.password_policy import UnacceptablePassword
from flask_watchword.accounts.shared_limits import new_password_of_user_hits
from flask_watchword.accounts.users import User
from flask_watchword.service.authentication.challenge_tokens import new_challenge_token
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.error_codes import PASSWORD_CHANGE_REQUIRED
from flask_watchword.service.features.password_review.flow import review_password
from flask_watchword.service.rate_limiting import counting_failures


def require_strong_password(context: ServiceContext, user: User, password: str) -> None:
    """Reject the login of a user whose password is too weak as the only factor.

    Args:
        context: the service.
        user: a user without a second factor, whose password is right.
        password: the password.

    Raises:
        Rejected: with ``password_change_required``, when it is too weak.
        TooManyAttempts: after too many rejections: each check costs milliseconds.
    """
    if user.password_review_at is None:
        return
    try:
        limit = new_password_of_user_hits(context.limits, user.id)
        with counting_failures(context, limit, UnacceptablePassword):
            review_password(context.accounts, user, password)
    except UnacceptablePassword as error:
        context.audit("password_change_required", user.id)
        raise Rejected(
            PASSWORD_CHANGE_REQUIRED,
            f"The password is too weak without a second factor, which was removed: {error}. "
            "Choose another one with POST /login/password",
            members={"pending_token": new_challenge_token(context, NEW_PASSWORD, user)},
        ) from error
