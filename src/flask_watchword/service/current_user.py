"""Load the user of the current token from the database."""

from flask_watchword.accounts.users import User
from flask_watchword.extension.verification.current import get_jwt_identity
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.error_codes import USER_DISABLED, USER_GONE
from flask_watchword.service.tokens import UnusableToken


def current_user(context: ServiceContext) -> User:
    """Return the user of the current token.

    Raises:
        UnusableToken: when the user has been deleted or disabled.
    """
    return active_user(context.stores.users.by_id(get_jwt_identity()))


def active_user(user: User | None) -> User:
    """Return the user of a token.

    Raises:
        UnusableToken: when the user has been deleted or disabled.
    """
    if user is None:
        raise UnusableToken(USER_GONE, "The user of this token no longer exists")
    if user.is_disabled:
        raise UnusableToken(USER_DISABLED, "The user of this token has been disabled")
    return user
