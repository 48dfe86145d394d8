"""Follow the revocation log of a SQLite file by a small file beside it, mapped by every process."""

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

#: Seconds between two reads of the change token, which do no I/O.
_READ_TOKEN_EVERY = 0.05

#: Seconds between two queries of the database. They find entries of a process that was killed
#: before it could change the token.
_QUERY_EVERY = 0.5


class SqliteFeed(ForkAware):
    """A change token in a small file beside the database, ``<database>-watchword-feed``.

    A process that has logged a revocation writes new random bytes to it, after the commit and
    before it returns. They are random so that a process neither has to read the old bytes nor to
    lock the file.
    """

    def __init__(self, engine: Engine) -> None:
        # Resolved, so that a symbolic link and its target share one token.
        self._database = Path(engine.url.database or "").absolute()
        database = self._database.resolve()
        self._file = database.with_name(f"{database.name}-watchword-feed")
        self._map: mmap.mmap | bytes = _mapped(self._file)
        self._seen = self.change_token()
        self._is_closed = False
        self.after_fork()
        watch_forks(self)

    def after_fork(self) -> None:
        """Identify the database file again."""
        self._opened: tuple[int, int] | None = None

    def before_logging(self, connection: Connection) -> None:
        """Do nothing: the write lock of SQLite keeps the log in order."""

    def after_logging(self) -> None:
        """Change the token."""
        # Written to the file and not to the mapping, where a full disk would raise SIGBUS.
        with _opened(self._file) as descriptor:
            os.pwrite(descriptor, os.urandom(_BYTES), 0)

    def check_file(self) -> None:
        """Check that the path of the database still leads to the same file.

        If it was replaced, for instance by a restored backup, open connections continue with the
        old file and would never see revocations in the new one.

        Raises:
            StoreUnavailable: when the file was replaced or is missing.
        """
        found = _identity(self._database)
        self._opened = self._opened or found
        if found != self._opened:
            raise StoreUnavailable(f"{self._database} was replaced: restart the application")

    def change_token(self) -> object:
        """Return the current bytes of the file, without a system call."""
        return self._map[:_BYTES]

    def wait(self, seconds: float, is_behind: Callable[[], bool]) -> None:
        """Return when the token has changed since the last call, or there are new entries."""
        now = time.monotonic()
        end, query_at = now + seconds, now
        while self._seen == self.change_token():
            if now >= query_at:
                if is_behind():
                    break
                query_at = now + _QUERY_EVERY
            if now >= end or self._is_closed:
                break
            # No `threading.Event`: setting one takes a lock, which `stop_waiting` must not.
            time.sleep(min(_READ_TOKEN_EVERY, end - now))
            now = time.monotonic()
        self._seen = self.change_token()

    def stop_waiting(self) -> None:
        """Make :meth:`wait` return at its next read of the token."""
        self._is_closed = True

    def close(self) -> None:
        """Make :meth:`wait` return, and drop the mapping."""
        self.stop_waiting()
        # The memory is unmapped when no request reads it any more.
        self._map = self._map[:_BYTES]


def _identity(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except OSError as error:
        raise StoreUnavailable(f"cannot find {file}: {error.strerror}") from error
    return status.st_dev, status.st_ino


def _mapped(file: Path) -> mmap.mmap:
    with _opened(file) as descriptor:
        # Disk space is allocated now: reading a hole in a mapped file on a full disk would raise
        # SIGBUS.
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
