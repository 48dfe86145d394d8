"""A generated secret: created at the first start, and stored beside the database."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from flask_watchword.service.configuration.values import InvalidSetting

#: Neither follow a link nor wait for a pipe.
_OPEN_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def read_or_create_secret(file: Path, generate: Callable[[], str]) -> str:
    """Return the secret in the file; create the file with a new secret if it does not exist.

    Every worker, and every later start, gets the same secret.

    Raises:
        InvalidSetting: if the file cannot be used; the message names it.
    """
    with _one_line_failures(file):
        if not file.exists():
            _create(file, generate())
        return _read(file)


def read_secret(file: Path) -> str | None:
    """Return the secret in the file; ``None`` if it does not exist.

    Raises:
        InvalidSetting: if the file cannot be used; the message names it.
    """
    with _one_line_failures(file):
        return _read(file) if file.exists() else None


@contextlib.contextmanager
def _one_line_failures(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidSetting(str(file), f"cannot store a secret: {error.strerror}") from error


def _create(file: Path, secret: str) -> None:
    # Written completely under a temporary name (mkstemp: mode 0600), then linked to the final name,
    # which fails if another process was first. So no process reads a partial secret, and all read
    # the same one.
    handle, draft = tempfile.mkstemp(prefix=file.name, dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(secret + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
        _sync_folder(file.parent)
    finally:
        Path(draft).unlink()


def _sync_folder(folder: Path) -> None:
    # Otherwise a power failure could lose the file's name, and with it the only key that decrypts
    # the database's secrets.
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _read(file: Path) -> str:
    # Opened once and then checked by its descriptor: between a check and an opening the file could
    # be replaced. No link is followed: anyone who can create one could choose the secret.
    with os.fdopen(os.open(file, os.O_RDONLY | _OPEN_FLAGS), "rb") as stream:
        _check_owner(file, os.fstat(stream.fileno()))
        return stream.read().decode("utf-8", errors="replace").strip()


def _check_owner(file: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise InvalidSetting(str(file), "is not a regular file; remove it")
    if os.name == "posix" and status.st_uid != os.geteuid():
        raise InvalidSetting(str(file), "belongs to another user, who knows this secret; remove it")
    if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
        raise InvalidSetting(str(file), f"other users can read this secret; run: chmod 600 {file}")
