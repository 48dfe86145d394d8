"""The user store protocol, with the atomicity it requires."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from flask_watchword.accounts.errors import EMAIL_TAKEN, Rejected
from flask_watchword.accounts.users import User

#: Characters of the shortest text that is searched for in all of an address. Shorter ones match its
#: beginning only, because an index of trigrams does not help to find them elsewhere.
SHORTEST_PART = 3


class EmailTaken(Rejected):
    """An account with this e-mail address already exists."""

    def __init__(self) -> None:
        super().__init__(EMAIL_TAKEN, "An account with this address already exists")


@dataclass(frozen=True, slots=True)
class UserCount:
    """Number of users.

    Attributes:
        all: all users.
        disabled: users who are disabled.
    """

    all: int
    disabled: int


class UserStore(Protocol):
    """Stores users. Methods may be called from any thread and from any worker process.

    Each is one atomic operation: it changes everything or nothing, and later reads see the change.
    A store that does not answer raises its own error and never returns a partial result.
    """

    def add(self, user: User) -> None:
        """Store a new user.

        Atomic in ``email_key``: of any number of concurrent calls with one key exactly one
        succeeds, and later reads return its user.

        Raises:
            EmailTaken: when a user with that key exists.
        """

    def add_many(self, users: Sequence[User]) -> frozenset[str]:
        """Store the new users whose key and id are unused; return their ids.

        Atomic in key and id like :meth:`add`. The other users are skipped.
        """

    def by_email(self, email_key: str) -> User | None:
        """Return the user with this key, which ``email_key()`` returns for an address."""

    def by_id(self, user_id: str) -> User | None:
        """Return the user with this id."""

    def page(self, after: str = "", limit: int = 100, search: str = "") -> Sequence[User]:
        """Return up to ``limit`` users after a key, in the order of ``email_key``.

        Args:
            after: key of the last user of the previous page.
            limit: the most users to return.
            search: return only users whose key contains this text, or begins with it if it is
                shorter than :data:`SHORTEST_PART`; it is not a pattern.
        """

    def count(self) -> UserCount:
        """Return the number of users. It may read all of them."""

    def replace_password_hash(self, user_id: str, old: str, new: str) -> bool:
        """Replace the hash ``old`` by ``new``, a hash of the same password: one compare-and-swap.

        Returns whether it did. It does not if the hash has changed, so that renewing a hash never
        undoes a concurrent password change. The version does not change.
        """

    def set_password(self, user_id: str, password_hash: str, now: float, version: int) -> bool:
        """Change the password and increment the version, if the version is still this one.

        Returns whether it did: one compare-and-swap. It also records the time of the change.
        """

    def require_password_review(self, user_id: str, now: float) -> bool:
        """Require a check of the password at the next login without a second factor.

        Returns whether the user exists. The version does not change, and a password change does not
        clear the requirement: a change that began earlier may have been confirmed with the factor.
        """

    def finish_password_review(self, user_id: str, version: int) -> bool:
        """Record that the password was checked, if the version is still this one.

        Returns whether it is.
        """

    def change_email(
        self, user_id: str, email: str, email_key: str, now: float, version: int
    ) -> bool:
        """Change the e-mail address to one verified now, and increment the version.

        Returns whether it did: one compare-and-swap in the version, also atomic in ``email_key``.

        Raises:
            EmailTaken: when another user has that key; nothing is changed then.
        """

    def verify_email(self, user_id: str, email_key: str, now: float) -> bool:
        """Record that the address is verified, if it is still this one.

        Returns whether it is. The time of the first verification is kept.
        """

    def set_roles(self, user_id: str, roles: frozenset[str]) -> bool:
        """Replace the roles of the user; return whether the user exists."""

    def set_scopes(self, user_id: str, scopes: frozenset[str]) -> bool:
        """Replace the scopes of the user; return whether the user exists."""

    def disable(self, user_id: str, now: float) -> bool:
        """Disable the user, and increment the version.

        Returns whether the user was enabled: of concurrent calls exactly one returns ``True``.
        """

    def enable(self, user_id: str) -> bool:
        """Enable the user; return whether the user was disabled."""

    def hold_admins(self) -> frozenset[str]:
        """Return the ids of the enabled users with the role ``admin``.

        In a transaction these users are locked until its end: others that change one of them wait.
        """

    def delete(self, user_id: str) -> bool:
        """Delete the user; return whether there was one. The address may be added again."""

    def ping(self) -> None:
        """Return if the store answers; raise its error if it does not."""
