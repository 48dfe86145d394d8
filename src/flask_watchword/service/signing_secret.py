"""The secret that signs tokens when nobody configured one: made once, kept beside the database."""

import secrets
from pathlib import Path

from flask_watchword.service.kept_secret import kept_secret
from flask_watchword.service.settings import MAKE_SECRET, MIN_SECRET_BYTES, InvalidSetting, Settings


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
    secret = kept_secret(file, _make)
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise InvalidSetting(str(file), f"holds fewer than {MIN_SECRET_BYTES} bytes; remove it")
    return secret


def secret_file(settings: Settings) -> Path | None:
    """Return where a generated secret is kept: beside a SQLite database, otherwise nowhere."""
    database = settings.database_file
    return None if database is None else database.with_name(database.name + ".secret")


def _make() -> str:
    return secrets.token_urlsafe(48)
