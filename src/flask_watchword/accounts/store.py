"""What accounts need of a store, and what must happen in one piece there."""

from collections.abc import Sequence
from typing import Protocol

from flask_watchword.accounts.users import User


class EmailTaken(Exception):
    """There is an account with this e-mail address already."""


class UserStore(Protocol):
    """Keeps users. Every method may be called from any thread, and from any worker process.

    A store that cannot be reached raises an error of its own kind, never a half-true answer.
    """

    def add(self, user: User) -> None:
        """Keep a new user.

        Atomic in ``email_key``: of any number of concurrent calls with one key exactly one
        succeeds, and afterwards every reader sees its user.

        Raises:
            EmailTaken: when a user with that key exists.
        """

    def by_email(self, email_key: str) -> User | None:
        """Return the user with this key (see :func:`~flask_watchword.accounts.users.email_key`)."""

    def by_id(self, user_id: str) -> User | None:
        """Return the user with this id."""

    def page(self, after: str = "", limit: int = 100) -> Sequence[User]:
        """Return up to ``limit`` users in the order of ``email_key``, from behind ``after`` on."""

    def replace_password_hash(self, user_id: str, old: str, new: str) -> bool:
        """Put ``new`` where ``old`` stands: one compare-and-swap.

        Returns whether it did. It does not when the hash is another one by now, so that
        renewing a hash never undoes a change of password made meanwhile.
        """

    def ping(self) -> None:
        """Return when the store answers; raise its error when it does not."""
