"""The master key: configured, or generated and stored beside a SQLite database."""

from pathlib import Path

from flask_watchword.infra.factory import holds_encrypted_values
from flask_watchword.keys.encryption import Encryptor
from flask_watchword.keys.master_key import MAKE_MASTER_KEY, new_master_key, read_master_keys
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.signing.generated_secret import read_or_create_secret, read_secret

_VARIABLE = "WATCHWORD_MASTER_KEY"


def load_encryptor(settings: Settings, *, is_lost: bool = False) -> Encryptor:
    """Return the encryptor for the secrets in the configured database.

    Args:
        settings: with the database.
        is_lost: whether to generate a master key although the database holds values that are
            encrypted with one that is lost.

    Raises:
        InvalidSetting: if there is no master key, or its file cannot be used; also if the file is
            missing and the database holds values that only that master key decrypts.
        StoreUnavailable: if the file is missing and the database does not respond.
    """
    if settings.master_key is not None:
        return Encryptor(read_master_keys(settings.master_key))
    file = master_key_file(settings)
    if file is None:
        raise InvalidSetting(
            _VARIABLE,
            "is required with PostgreSQL, where every machine needs the same master key; "
            f"create one with: {MAKE_MASTER_KEY}",
        )
    if not is_lost:
        _require_file(file, settings)
    try:
        return Encryptor(read_master_keys(read_or_create_secret(file, new_master_key)))
    except ValueError as error:
        raise InvalidSetting(str(file), f"contains no master key: it {error}") from error


def _require_file(file: Path, settings: Settings) -> None:
    # The file is checked again at the end: a service that starts at the same time creates it before
    # it encrypts anything.
    if file.exists() or not holds_encrypted_values(settings.database) or file.exists():
        return
    raise InvalidSetting(
        str(file),
        "is missing, and the database holds values encrypted with the master key in it; nothing "
        "was changed. Restore this file from its backup, or set the key as "
        f"{_VARIABLE}; if it is lost, see: watchword keys revoke --help",
    )


def found_encryptor(settings: Settings) -> Encryptor | None:
    """Return what :func:`load_encryptor` does without creating a key; ``None`` if there is none.

    Raises:
        InvalidSetting: if its file cannot be used.
    """
    file = master_key_file(settings)
    if settings.master_key is None and file is not None and read_secret(file) is None:
        return None
    return load_encryptor(settings)


def master_key_file(settings: Settings) -> Path | None:
    """Return the file of a generated master key, beside a SQLite database; otherwise ``None``."""
    database = settings.database_file
    return None if database is None else database.with_name(database.name + ".master-key")
