"""The secret that signs tokens when nobody configured one: made once, kept beside the database."""

import contextlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

from flask_watchword.service.settings import MIN_SECRET_BYTES, InvalidSetting, Settings


def signing_secret(settings: Settings) -> str:
    """Return the configured secret, otherwise the one in the file, which is made when missing.

    Every worker, and every later start, gets the same one: tokens survive a restart.

    Raises:
        InvalidSetting: when the file cannot be used; the message names it.
    """
    if settings.secret_key is not None:
        return settings.secret_key
    file = secret_file(settings)
    try:
        if not file.exists():
            _create(file)
        return _read(file)
    except OSError as error:
        raise InvalidSetting(str(file), f"cannot keep a secret: {error.strerror}") from error


def secret_file(settings: Settings) -> Path:
    """Return where the generated secret of these settings' database is kept."""
    database = settings.database_file
    return database.with_name(database.name + ".secret")


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
    if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise InvalidSetting(str(file), "other users can read this secret; run: chmod 600 on it")
    secret = file.read_text(encoding="utf-8", errors="replace").strip()
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise InvalidSetting(str(file), f"holds fewer than {MIN_SECRET_BYTES} bytes; remove it")
    return secret
