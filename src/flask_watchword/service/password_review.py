"""The check of a password whose second factor was removed, at the next login."""

from flask import Response

from flask_watchword.accounts.new_passwords import UnacceptablePassword
from flask_watchword.accounts.password_review import review_password
from flask_watchword.accounts.pending_login import NEW_PASSWORD
from flask_watchword.accounts.users import User
from flask_watchword.service.answers import refusal
from flask_watchword.service.audit_events import record
from flask_watchword.service.components import components
from flask_watchword.service.pending_tokens import new_pending_token
from flask_watchword.service.throttles import counting_failures


def password_refusal(user: User, password: str) -> Response | None:
    """Return 403 for a user who has to choose another password first; ``None`` for all others.

    Args:
        user: who has shown the password, and has no second factor.
        password: which is right.

    Raises:
        TooManyTries: when it was refused too often: each check costs milliseconds.
    """
    if user.password_review_at is None:
        return None
    parts = components()
    try:
        with counting_failures(parts.limits.new_password_of(user.id), UnacceptablePassword):
            review_password(parts.accounts, user, password)
    except UnacceptablePassword as error:
        record("password_change_required", user.id)
        return refusal(
            403,
            f"The second factor was removed, and alone the password is refused: {error}. "
            "Choose another one by POST /login/password",
            "password_change_required",
            pending_token=new_pending_token(NEW_PASSWORD, user),
        )
    return None
