"""Follow the revocation log in PostgreSQL: NOTIFY with each entry, LISTEN on its own connection."""

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

# An arbitrary number; it must differ from the advisory locks of the application.
_LOG_LOCK = 0x57_61_74_63_68_77_6F

# Sequence numbers are assigned before a transaction commits. Without the lock a higher number could
# become visible before a lower one, and a follower whose cursor has passed the lower one would
# never see it. The lock is released after the commit is visible. Notifications are sent at commit.
_BEFORE_LOGGING = text("SELECT pg_advisory_xact_lock(:lock), pg_notify(:channel, '')").bindparams(
    lock=_LOG_LOCK, channel=_CHANNEL
)

# Kept, because garbage-collecting a connection of the parent would emit a warning.
_inherited: list[object] = []


class _Listener:
    """The listening connection, and a pipe that wakes the waiting thread."""

    def __init__(self) -> None:
        self.connection: Any = None
        self.woken, self._wake = os.pipe()

    def wake(self) -> None:
        """Wake the waiting thread."""
        os.write(self._wake, b"x")

    def disconnect(self) -> None:
        """Close the connection."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def close(self) -> None:
        """Close the connection and the pipe."""
        self.disconnect()
        self.close_pipe()

    def close_pipe(self) -> None:
        """Close the pipe; a forked child closes its copies and leaves the connection open."""
        os.close(self.woken)
        os.close(self._wake)


class PostgresFeed(ForkAware):
    """Notifications on a connection detached from the pool.

    The connection is closed with the feed, at the latest when the feed is garbage-collected.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._driver: Any = engine.dialect.dbapi
        self._change_token = object()
        self._wait_lock = process_lock()
        self._is_closed = False
        self._prepare()
        watch_forks(self)

    def _prepare(self) -> None:
        self._listener = _Listener()
        self._close_listener = finalize(self, self._listener.close)
        self._close_listener.atexit = False

    def after_fork(self) -> None:
        """Leave the connection to the parent."""
        if self._close_listener.detach() is None:
            return
        _inherited.append(self._listener)
        self._listener.close_pipe()
        self._prepare()

    def before_logging(self, connection: Connection) -> None:
        """Wait for other transactions that log, and notify the followers at the commit."""
        connection.execute(_BEFORE_LOGGING)

    def after_logging(self) -> None:
        """Change this process's token."""
        self._change_token = object()

    def check_file(self) -> None:
        """Do nothing: the database is on a server."""

    def change_token(self) -> object:
        """Return a value that only this process's own revocations change."""
        return self._change_token

    def wait(self, seconds: float, is_behind: Callable[[], bool]) -> None:
        """Return when notified, and after each new connection, since notifications may be lost.

        Raises:
            StoreUnavailable: when the server does not answer. Each call tries to connect, so the
                caller chooses how long to wait between calls.
        """
        with self._wait_lock(), self._translated_errors():
            if self._is_closed:
                return
            if self._listener.connection is None:
                with no_fork:
                    self._listen()
            elif is_readable(seconds, self._listener.connection.fileno(), self._listener.woken):
                with no_fork:
                    self._take_notifications()

    def stop_waiting(self) -> None:
        """Wake the waiting thread. Later calls of :meth:`wait` return at once."""
        self._is_closed = True
        if self._close_listener.alive:
            self._listener.wake()

    def close(self) -> None:
        """Wake the waiting thread, and close the connection."""
        self.stop_waiting()
        with self._wait_lock():
            self._close_listener()

    def _listen(self) -> None:
        pooled = self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        self._listener.connection = connection
        connection.rollback()
        connection.autocommit = True
        connection.execute(f"LISTEN {_CHANNEL}")

    def _take_notifications(self) -> None:
        connection = self._listener.connection
        if is_readable(0.0, connection.fileno()):
            connection.pgconn.consume_input()
            while connection.pgconn.notifies():
                pass

    @contextlib.contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except (self._driver.Error, exc.SQLAlchemyError) as error:
            self._listener.disconnect()
            raise StoreUnavailable(str(getattr(error, "orig", error))) from error
