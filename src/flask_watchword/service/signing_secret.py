"""The secret that signs tokens when nobody configured one: made once, kept beside the database."""

import contextlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

from flask_watchword.service.settings import MAKE_SECRET, MIN_SECRET_BYTES, InvalidSetting, Settings

_NO_TRICKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def signing_secret(settings: Settings) -> str:
    """Return the configured secret, otherwise the one in the file, which is made when missing.

    Every worker, and every later start, gets the same one: tokens survive a restart.

    Raises:
        InvalidSetting: when the file cannot be used, which the message names; or when there is
            no place for one.
    """
    if settings.secret_key is not None:
        return settings.secret_key
    file = secret_file(settings)
    if file is None:
        raise InvalidSetting(
            "WATCHWORD_SECRET_KEY",
            "is needed with PostgreSQL, where each machine has to have the same one; "
            f"make it with: {MAKE_SECRET}",
        )
    try:
        if not file.exists():
            _create(file)
        return _read(file)
    except OSError as error:
        raise InvalidSetting(str(file), f"cannot keep a secret: {error.strerror}") from error


def secret_file(settings: Settings) -> Path | None:
    """Return where a generated secret is kept: beside a SQLite database, otherwise nowhere."""
    database = settings.database_file
    return None if database is None else database.with_name(database.name + ".secret")


def _create(file: Path) -> None:
    # Written in full under another name (mkstemp: mode 0600), then linked to its own, which fails
    # when somebody else was first. So nobody ever reads half a secret, and all read the same.
    handle, draft = tempfile.mkstemp(prefix=file.name, dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(48) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
    finally:
        Path(draft).unlink()


def _read(file: Path) -> str:
    # Opened once and asked about itself: between a look and an opening it could be exchanged.
    # Neither a link nor a pipe is followed: whoever can plant one could choose the secret.
    with os.fdopen(os.open(file, os.O_RDONLY | _NO_TRICKS), "rb") as stream:
        _check_owner(file, os.fstat(stream.fileno()))
        secret = stream.read().decode("utf-8", errors="replace").strip()
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise InvalidSetting(str(file), f"holds fewer than {MIN_SECRET_BYTES} bytes; remove it")
    return secret


def _check_owner(file: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise InvalidSetting(str(file), "is no regular file; remove it")
    if os.name == "posix" and status.st_uid != os.geteuid():
        raise InvalidSetting(str(file), "belongs to another user, who knows this secret; remove it")
    if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
        raise InvalidSetting(str(file), f"other users can read this secret; run: chmod 600 {file}")
