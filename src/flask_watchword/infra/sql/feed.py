"""How the processes of a database learn of each other's revocations."""

from collections.abc import Callable
from typing import Protocol

from sqlalchemy import Connection


class Feed(Protocol):
    """What differs between databases in following the log."""

    def before_logging(self, connection: Connection) -> None:
        """Do what a transaction does before it adds to the log, as its last step but that."""

    def after_logging(self) -> None:
        """Tell of entries that have been committed."""

    def check_place(self) -> None:
        """Check that the connections lead to where one that is made now would lead.

        Raises:
            StoreUnavailable: when they do not.
        """

    def mark(self) -> object:
        """Return what :meth:`SessionStore.change_token` is to return."""

    def wait(self, seconds: float, is_behind: Callable[[], bool]) -> None:
        """Return when something may have been logged, after ``seconds`` at the latest.

        Args:
            seconds: how long to wait.
            is_behind: asks the database whether it has more than this process has read.
        """

    def stop_waiting(self) -> None:
        """Have :meth:`wait` return soon; see :meth:`SessionStore.stop_waiting`."""

    def close(self) -> None:
        """Give back what is open, and have :meth:`wait` return."""
