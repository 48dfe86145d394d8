"""The administrator of the current request, and the user in the path."""

from flask_watchword.accounts.admins import NoSuchUser
from flask_watchword.accounts.users import User
from flask_watchword.extension.verification.current import get_jwt_identity
from flask_watchword.service.context import ServiceContext


def administrator() -> str:
    """Return the id of the administrator who sent this request, for the audit log."""
    return str(get_jwt_identity())


def user_of(context: ServiceContext, user_id: str) -> User:
    """Return the user with the id in the path.

    Raises:
        NoSuchUser: when there is none.
    """
    user = context.stores.users.by_id(user_id)
    if user is None:
        raise NoSuchUser
    return user
