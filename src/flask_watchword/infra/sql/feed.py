"""How processes that share a database learn about each other's revocations."""

from collections.abc import Callable
from typing import Protocol

from sqlalchemy import Connection


class Feed(Protocol):
    """The part of following the revocation log that differs between databases."""

    def before_logging(self, connection: Connection) -> None:
        """Prepare a transaction for adding to the log; only the entries themselves follow."""

    def after_logging(self) -> None:
        """Announce entries that have been committed."""

    def check_file(self) -> None:
        """Check that open connections use the file that a new connection would open.

        Raises:
            StoreUnavailable: when they do not.
        """

    def change_token(self) -> object:
        """Return the value of :meth:`SessionStore.change_token`."""

    def wait(self, seconds: float, is_behind: Callable[[], bool]) -> None:
        """Return when something may have been logged, after ``seconds`` at the latest.

        Args:
            seconds: the most to wait.
            is_behind: queries whether the database has entries that this process has not read.
        """

    def stop_waiting(self) -> None:
        """Make :meth:`wait` return soon; see :meth:`SessionStore.stop_waiting`."""

    def close(self) -> None:
        """Close files and connections, and make :meth:`wait` return."""
