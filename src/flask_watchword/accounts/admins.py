"""Forget a user with all that is theirs, and never be left without somebody who administers."""

from flask_watchword.accounts.transaction import AccountStores
from flask_watchword.accounts.user_store import UserStore
from flask_watchword.accounts.users import User

#: The role of those who may administer all others.
ADMIN = "admin"


class NoSuchUser(LookupError):
    """There is no user with this id, or not any more."""


class LastAdmin(Exception):
    """Nobody could administer the accounts afterwards, so it is not done."""


def refuse_last_admin(users: UserStore, user_id: str) -> None:
    """Make sure that somebody else administers, until the change that this is a part of is over.

    Without that two admins who demote each other at once would both succeed.

    Raises:
        LastAdmin: when the user is the only one.
    """
    if users.hold_role(ADMIN) == {user_id}:
        raise LastAdmin


def remove_user(stores: AccountStores, user_id: str) -> User:
    """Forget a user: account, codes, second factor and tokens for programs. Sessions are separate.

    Args:
        stores: of one change, so that all of it is gone, or nothing.
        user_id: whom.

    Returns:
        The user who was there.

    Raises:
        NoSuchUser: when there is none.
        LastAdmin: when nobody could administer any more.
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
