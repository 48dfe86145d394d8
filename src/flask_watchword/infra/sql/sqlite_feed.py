"""Following the log of a SQLite file: a few bytes beside it that every process has mapped."""

import contextlib
import mmap
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import Connection, Engine

from flask_watchword.fork_safety import ForkAware, watch_forks
from flask_watchword.infra.errors import StoreUnavailable

_BYTES = 8

#: Seconds between two looks at the mark, which cost no I/O.
_LOOK_EVERY = 0.05

#: Seconds between two questions to the database. They find what was logged by a process that was
#: killed before it could tell.
_ASK_EVERY = 0.5


class SqliteFeed(ForkAware):
    """A mark in a small file beside the database, ``<database>-watchword-feed``.

    Who has logged a revocation writes other random bytes there, after its commit and before it
    returns. Random, because so no process has to read what it replaces, and none has to lock.
    """

    def __init__(self, engine: Engine) -> None:
        # Resolved, so that a link and what it leads to share one mark.
        self._database = Path(engine.url.database or "").absolute()
        database = self._database.resolve()
        self._file = database.with_name(f"{database.name}-watchword-feed")
        self._map: mmap.mmap | bytes = _mapped(self._file)
        self._noticed = self.mark()
        self._is_closed = False
        self.after_fork()
        watch_forks(self)

    def after_fork(self) -> None:
        """Look at the place of the database again."""
        self._opened: tuple[int, int] | None = None

    def before_logging(self, connection: Connection) -> None:
        """Do nothing: the write lock keeps the log in order."""

    def after_logging(self) -> None:
        """Change the mark."""
        # Written to the file and not to the map, where a full disk would be a fatal signal.
        with _opened(self._file) as descriptor:
            os.pwrite(descriptor, os.urandom(_BYTES), 0)

    def check_place(self) -> None:
        """Check that the database is the file that it was at the first time.

        Where another one was put in its place, by whoever restores a backup, the connections go on
        with the old one: what is revoked in the new one they would never see.

        Raises:
            StoreUnavailable: when it is not, or is not there.
        """
        found = _identity(self._database)
        self._opened = self._opened or found
        if found != self._opened:
            raise StoreUnavailable(f"{self._database} was replaced: restart the application")

    def mark(self) -> object:
        """Return the bytes of the file as they are now; this is no system call."""
        return self._map[:_BYTES]

    def wait(self, seconds: float, is_behind: Callable[[], bool]) -> None:
        """Return when the mark has changed since the last time, or the database has more."""
        now = time.monotonic()
        end, ask_at = now + seconds, now
        while self._noticed == self.mark():
            if now >= ask_at:
                if is_behind():
                    break
                ask_at = now + _ASK_EVERY
            if now >= end or self._is_closed:
                break
            # Not an event: to set one takes a lock, which `stop_waiting` must not.
            time.sleep(min(_LOOK_EVERY, end - now))
            now = time.monotonic()
        self._noticed = self.mark()

    def stop_waiting(self) -> None:
        """Have :meth:`wait` return at its next look."""
        self._is_closed = True

    def close(self) -> None:
        """Have :meth:`wait` return, and give back the map."""
        self.stop_waiting()
        # The map is unmapped once no request looks at it any more.
        self._map = self._map[:_BYTES]


def _identity(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except OSError as error:
        raise StoreUnavailable(f"cannot find {file}: {error.strerror}") from error
    return status.st_dev, status.st_ino


def _mapped(file: Path) -> mmap.mmap:
    with _opened(file) as descriptor:
        # Its place on the disk is taken now: to read a hole in a file could fail like a bad
        # pointer once the disk is full.
        os.posix_fallocate(descriptor, 0, _BYTES)
        return mmap.mmap(descriptor, _BYTES, access=mmap.ACCESS_READ)


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[int]:
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreUnavailable(f"cannot use {file}: {error.strerror}") from error
