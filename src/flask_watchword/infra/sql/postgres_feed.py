"""Following the log in PostgreSQL: NOTIFY with each entry, LISTEN on a connection of its own."""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any
from weakref import finalize

from sqlalchemy import Connection, Engine, exc, text

from flask_watchword.fork_safety import ForkAware, no_fork, watch_forks
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.sql.postgres import is_readable
from flask_watchword.locks import process_lock

_CHANNEL = "watchword_revocations"

# Any number will do that the application does not use for an advisory lock of its own.
_LOG_LOCK = 0x57_61_74_63_68_77_6F

# Numbers are drawn before a transaction commits, so without the lock a higher number could be
# visible before a lower one, and a follower whose cursor has passed would never see that one.
# The lock is given back after the commit is visible. Notifications are sent at the commit.
_BEFORE_LOGGING = text("SELECT pg_advisory_xact_lock(:lock), pg_notify(:channel, '')").bindparams(
    lock=_LOG_LOCK, channel=_CHANNEL
)

# Kept, because to collect a connection of the parent's as garbage is to complain of it.
_of_parents: list[object] = []


class _Line:
    """The connection that listens, and what wakes whoever waits for it."""

    def __init__(self) -> None:
        self.connection: Any = None
        self.woken, self._wake = os.pipe()

    def wake(self) -> None:
        """End the waiting."""
        os.write(self._wake, b"x")

    def hang_up(self) -> None:
        """Close the connection."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def close(self) -> None:
        """Close everything."""
        self.hang_up()
        self.leave_to_parent()

    def leave_to_parent(self) -> None:
        """Close what a child has twice."""
        os.close(self.woken)
        os.close(self._wake)


class PostgresFeed(ForkAware):
    """Notifications, read from a connection that the pool does not count.

    It is closed with the feed, at the latest when the feed is collected as garbage.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._driver: Any = engine.dialect.dbapi
        self._mark = object()
        self._one_waiter = process_lock()
        self._is_closed = False
        self._prepare()
        watch_forks(self)

    def _prepare(self) -> None:
        self._line = _Line()
        self._close_line = finalize(self, self._line.close)
        self._close_line.atexit = False

    def after_fork(self) -> None:
        """Leave the connection to the parent."""
        if self._close_line.detach() is None:
            return
        _of_parents.append(self._line)
        self._line.leave_to_parent()
        self._prepare()

    def before_logging(self, connection: Connection) -> None:
        """Queue up behind whoever logs, and have the followers told."""
        connection.execute(_BEFORE_LOGGING)

    def after_logging(self) -> None:
        """Change the mark of this process."""
        self._mark = object()

    def check_place(self) -> None:
        """Do nothing: a server has one place."""

    def mark(self) -> object:
        """Return a value that this process's own revocations alone change."""
        return self._mark

    def wait(self, seconds: float, is_behind: Callable[[], bool]) -> None:
        """Return when notified; also after each new connection, before which some may be lost.

        Raises:
            StoreUnavailable: when the server does not answer. Each further call tries anew, so
                how long to wait between two is the caller's to say.
        """
        with self._one_waiter(), self._translated_errors():
            if self._is_closed:
                return
            if self._line.connection is None:
                with no_fork:
                    self._listen()
            elif is_readable(seconds, self._line.connection.fileno(), self._line.woken):
                with no_fork:
                    self._take_notifications()

    def stop_waiting(self) -> None:
        """Wake the thread that waits. A later call of :meth:`wait` returns at once."""
        self._is_closed = True
        if self._close_line.alive:
            self._line.wake()

    def close(self) -> None:
        """Wake whoever waits, and close the connection."""
        self.stop_waiting()
        with self._one_waiter():
            self._close_line()

    def _listen(self) -> None:
        pooled = self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        self._line.connection = connection
        connection.rollback()
        connection.autocommit = True
        connection.execute(f"LISTEN {_CHANNEL}")

    def _take_notifications(self) -> None:
        connection = self._line.connection
        if is_readable(0.0, connection.fileno()):
            connection.pgconn.consume_input()
            while connection.pgconn.notifies():
                pass

    @contextlib.contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except (self._driver.Error, exc.SQLAlchemyError) as error:
            self._line.hang_up()
            raise StoreUnavailable(str(getattr(error, "orig", error))) from error
