"""The check of a password whose second factor was removed, at the next login."""

from flask import Response

from flask_watchword.accounts.login_challenge import NEW_PASSWORD
from flask_watchword.accounts.password_policy import UnacceptablePassword
from flask_watchword.accounts.users import User
from flask_watchword.service.authentication.challenge_tokens import new_challenge_token
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.features.password_review.flow import review_password
from flask_watchword.service.rate_limiting import counting_failures
from flask_watchword.service.responses import error_response


def password_refusal(context: ServiceContext, user: User, password: str) -> Response | None:
    """Return 403 for a user who has to choose another password first; ``None`` for all others.

    Args:
        user: who has shown the password, and has no second factor.
        password: which is right.

    Raises:
        TooManyTries: when it was refused too often: each check costs milliseconds.
    """
    if user.password_review_at is None:
        return None
    try:
        limit = context.limits.new_password_of(user.id)
        with counting_failures(context, limit, UnacceptablePassword):
            review_password(context.accounts, user, password)
    except UnacceptablePassword as error:
        context.audit("password_change_required", user.id)
        return error_response(
            403,
            f"The second factor was removed, and alone the password is refused: {error}. "
            "Choose another one by POST /login/password",
            "password_change_required",
            pending_token=new_challenge_token(context, NEW_PASSWORD, user),
        )
    return None
