"""A secret that nobody configured: made once, kept beside the database for every later start."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from flask_watchword.service.configuration.values import InvalidSetting

_NO_TRICKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def kept_secret(file: Path, make: Callable[[], str]) -> str:
    """Return what the file holds; where there is none, it is made with a new secret.

    Every worker, and every later start, gets the same one.

    Raises:
        InvalidSetting: when the file cannot be used; the message names it.
    """
    with _one_line_failures(file):
        if not file.exists():
            _create(file, make())
        return _read(file)


def found_secret(file: Path) -> str | None:
    """Return what the file holds, ``None`` where there is none.

    Raises:
        InvalidSetting: when the file cannot be used; the message names it.
    """
    with _one_line_failures(file):
        return _read(file) if file.exists() else None


@contextlib.contextmanager
def _one_line_failures(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidSetting(str(file), f"cannot keep a secret: {error.strerror}") from error


def _create(file: Path, secret: str) -> None:
    # Written in full under another name (mkstemp: mode 0600), then linked to its own, which fails
    # when somebody else was first. So nobody ever reads half a secret, and all read the same.
    handle, draft = tempfile.mkstemp(prefix=file.name, dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(secret + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
        _sync_names(file.parent)
    finally:
        Path(draft).unlink()


def _sync_names(folder: Path) -> None:
    # Or a power cut could leave a database whose secrets were sealed by a key that has no name.
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _read(file: Path) -> str:
    # Opened once and asked about itself: between a look and an opening it could be exchanged.
    # Neither a link nor a pipe is followed: whoever can plant one could choose the secret.
    with os.fdopen(os.open(file, os.O_RDONLY | _NO_TRICKS), "rb") as stream:
        _check_owner(file, os.fstat(stream.fileno()))
        return stream.read().decode("utf-8", errors="replace").strip()


def _check_owner(file: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise InvalidSetting(str(file), "is no regular file; remove it")
    if os.name == "posix" and status.st_uid != os.geteuid():
        raise InvalidSetting(str(file), "belongs to another user, who knows this secret; remove it")
    if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
        raise InvalidSetting(str(file), f"other users can read this secret; run: chmod 600 {file}")
