"""Verify the password of a logged-in user again: the session may be stolen."""

import contextlib
from collections.abc import Iterator

from flask_watchword.accounts.credentials import WrongPassword, confirm_password
from flask_watchword.accounts.errors import (
    EMAIL_UNVERIFIED,
    LOGIN_BUSY,
    TOO_MANY_TRIES,
    WRONG_PASSWORD,
    Rejected,
)
from flask_watchword.accounts.passwords import HasherOverloaded
from flask_watchword.accounts.shared_limits import accepted_password_hits, reauthentication_hits
from flask_watchword.accounts.users import User
from flask_watchword.extension.verification.current import get_jwt_identity
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.hashing import hashing_share
from flask_watchword.service.rate_limiting import counting_failures, counting_successes

#: The errors of an endpoint that requires the password.
REAUTHENTICATION_ERRORS = (WRONG_PASSWORD, TOO_MANY_TRIES, LOGIN_BUSY)

#: Raised when the password was wrong or could not be verified.
_NOT_ACCEPTED = (WrongPassword, HasherOverloaded, StoreUnavailable)


@contextlib.contextmanager
def reauthenticating(context: ServiceContext, user_id: str) -> Iterator[None]:
    """Count the password that a logged-in user enters again, and log one that is wrong.

    Raises:
        TooManyAttempts: after too many attempts.
    """
    limits = context.limits
    try:
        with (
            hashing_share(context, user_id),
            counting_failures(context, reauthentication_hits(limits, user_id), WrongPassword),
            # A right password counts even if the request is rejected for another reason, such as a
            # wrong second factor: it has cost a hash.
            counting_successes(context, accepted_password_hits(limits, user_id), *_NOT_ACCEPTED),
        ):
            yield
    except WrongPassword:
        context.audit("reauthentication_failed", user_id)
        raise


def require_verified_email(user: User) -> None:
    """Reject a user with an unverified address, before something is added that a reset keeps.

    A stranger may have registered the address. Its owner gets the account by a password reset,
    which revokes no API key and removes no second factor.

    Raises:
        Rejected: with ``email_unverified``.
    """
    if user.email_verified_at is None:
        raise Rejected(EMAIL_UNVERIFIED, "Verify the e-mail address first")


def reauthenticated_user(context: ServiceContext, password: str) -> User:
    """Return the current user, who has entered the password again.

    Raises:
        WrongPassword: when the password is not the user's.
        TooManyAttempts: after too many attempts.
        HasherOverloaded: when no CPU core became free in time.
    """
    user_id = get_jwt_identity()
    with reauthenticating(context, user_id):
        return confirm_password(context.accounts, user_id, password)
