"""What accounts need of the store of users, and what must happen in one piece there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from flask_watchword.accounts.users import User


class EmailTaken(Exception):
    """There is an account with this e-mail address already."""


@dataclass(frozen=True, slots=True)
class UserCount:
    """How many users there are.

    Attributes:
        all: of any kind.
        disabled: of those who are refused everywhere.
    """

    all: int
    disabled: int


class UserStore(Protocol):
    """Keeps users. Every method may be called from any thread, and from any worker process.

    Each is atomic: a change is made whole or not at all, and whoever reads afterwards sees it.
    A store that cannot be reached raises an error of its own kind, never a half-true answer.
    """

    def add(self, user: User) -> None:
        """Keep a new user.

        Atomic in ``email_key``: of any number of concurrent calls with one key exactly one
        succeeds, and afterwards every reader sees its user.

        Raises:
            EmailTaken: when a user with that key exists.
        """

    def add_many(self, users: Sequence[User]) -> frozenset[str]:
        """Keep those new users whose key and id nobody has; return the ids of these.

        Atomic in key and id, as :meth:`add` is; all others are left out, and change nothing.
        """

    def by_email(self, email_key: str) -> User | None:
        """Return the user with this key, which is what ``email_key()`` makes of an address."""

    def by_id(self, user_id: str) -> User | None:
        """Return the user with this id."""

    def page(self, after: str = "", limit: int = 100, search: str = "") -> Sequence[User]:
        """Return up to ``limit`` users in the order of ``email_key``, from behind ``after`` on.

        Args:
            after: the key of the last user of the page before.
            limit: the most users to return.
            search: only users whose key holds this text, which means itself and no pattern.
        """

    def count(self) -> UserCount:
        """Return how many users there are. It may look at each of them."""

    def replace_password_hash(self, user_id: str, old: str, new: str) -> bool:
        """Put ``new``, of the same password, where ``old`` stands: one compare-and-swap.

        Returns whether it did. It does not when the hash is another one by now, so that
        renewing a hash never undoes a change of password made meanwhile. The version stays.
        """

    def set_password(self, user_id: str, password_hash: str, now: float, version: int) -> bool:
        """Give the user another password, if the version is still this one; add one to it.

        Returns whether it did: one compare-and-swap. It also notes the time of the change.
        """

    def require_password_review(self, user_id: str, now: float) -> bool:
        """Note that the password has to be checked at the next login without a second factor.

        Returns whether there is such a user. The version stays, and so does what is noted when the
        password changes: a change that began before may have been checked beside the factor.
        """

    def finish_password_review(self, user_id: str, version: int) -> bool:
        """Note that the password was checked, if the version is still this one.

        Returns whether it is.
        """

    def change_email(
        self, user_id: str, email: str, email_key: str, now: float, version: int
    ) -> bool:
        """Give the user another address that was verified now; add one to the version.

        Returns whether it did: one compare-and-swap in the version, atomic in ``email_key`` too.

        Raises:
            EmailTaken: when another user has that key; nothing is changed then.
        """

    def verify_email(self, user_id: str, email_key: str, now: float) -> bool:
        """Note that mail reaches the user, if the address is still this one.

        Returns whether it is. The first time that was noted stays.
        """

    def set_roles(self, user_id: str, roles: frozenset[str]) -> bool:
        """Give the user these roles and no others; return whether there is such a user."""

    def set_scopes(self, user_id: str, scopes: frozenset[str]) -> bool:
        """Give the user these scopes and no others; return whether there is such a user."""

    def disable(self, user_id: str, now: float) -> bool:
        """Refuse the user from now on; add one to the version.

        Returns whether that changed anything: of concurrent calls exactly one does.
        """

    def enable(self, user_id: str) -> bool:
        """Undo :meth:`disable`; return whether that changed anything."""

    def hold_role(self, role: str) -> frozenset[str]:
        """Return the ids of the users who have a role and are not disabled.

        In a change of several stores these users stay as they are until it is over: whoever wants
        to change one of them waits.
        """

    def delete(self, user_id: str) -> bool:
        """Forget the user; return whether there was one. The address may be added again."""

    def ping(self) -> None:
        """Return when the store answers; raise its error when it does not."""
