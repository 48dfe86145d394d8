"""The administrators: users with the role ``admin``. At least one stays."""

from flask_watchword.accounts.errors import LAST_ADMIN, USER_NOT_FOUND, Rejected
from flask_watchword.accounts.user_store import UserStore

#: The role of administrators.
ADMIN = "admin"


class NoSuchUser(Rejected, LookupError):
    """There is no user with this id."""

    def __init__(self) -> None:
        super().__init__(USER_NOT_FOUND, "There is no such user")


class LastAdmin(Rejected):
    """A change that would leave no user with the role ``admin``."""

    def __init__(self) -> None:
        super().__init__(LAST_ADMIN, "This is the last admin; make another user admin first")


def refuse_last_admin(users: UserStore, user_id: str) -> None:
    """Ensure that there is another administrator until the current transaction ends.

    Without the lock, two admins who demote each other at the same time would both succeed.

    Raises:
        LastAdmin: if the user is the only administrator.
    """
    if users.hold_admins() == {user_id}:
        raise LastAdmin
