"""Delete a user with all of their data, but never the last administrator."""

from flask_watchword.accounts.transaction import AccountStores
from flask_watchword.accounts.user_store import UserStore
from flask_watchword.accounts.users import User

#: The role of administrators.
ADMIN = "admin"


class NoSuchUser(LookupError):
    """There is no user with this id, or no longer."""


class LastAdmin(Exception):
    """The change would remove the last administrator, so it is rejected."""


def refuse_last_admin(users: UserStore, user_id: str) -> None:
    """Ensure that there is another administrator until the current transaction ends.

    Without the lock, two admins who demote each other at the same time would both succeed.

    Raises:
        LastAdmin: if the user is the only administrator.
    """
    if users.hold_role(ADMIN) == {user_id}:
        raise LastAdmin


def remove_user(stores: AccountStores, user_id: str) -> User:
    """Delete a user: account, codes, second factor and API tokens. Sessions are separate.

    Args:
        stores: of one transaction, so that everything is deleted, or nothing.
        user_id: the user's id.

    Returns:
        The deleted user.

    Raises:
        NoSuchUser: if there is no such user.
        LastAdmin: if the user is the last administrator.
    """
    refuse_last_admin(stores.users, user_id)
    user = stores.users.by_id(user_id)
    if user is None or not stores.users.delete(user_id):
        raise NoSuchUser
    stores.codes.forget(user_id)
    stores.totp.remove(user_id)
    stores.recovery_codes.replace(user_id, [])
    stores.api_tokens.remove_all(user_id)
    return user
