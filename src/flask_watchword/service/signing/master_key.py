"""The master key: configured, or on the embedded database made once and kept beside it."""

from pathlib import Path

from flask_watchword.infra.factory import holds_encrypted_values
from flask_watchword.keys.encryption import Encryptor
from flask_watchword.keys.master_key import MAKE_MASTER_KEY, new_master_key, read_master_keys
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.signing.generated_secret import found_secret, kept_secret

_VARIABLE = "WATCHWORD_MASTER_KEY"


def load_encryptor(settings: Settings, *, is_lost: bool = False) -> Encryptor:
    """Return what encrypts and decrypts the secrets in the database of these settings.

    Args:
        settings: with the database.
        is_lost: whether to generate a master key although the database holds values that are
            encrypted with one that is lost.

    Raises:
        InvalidSetting: when there is no master key, or its file cannot be used; also when the
            file is missing and the database holds values that only that master key decrypts.
        StoreUnavailable: when the file is missing and the database does not answer.
    """
    if settings.master_key is not None:
        return Encryptor(read_master_keys(settings.master_key))
    file = master_key_file(settings)
    if file is None:
        raise InvalidSetting(
            _VARIABLE,
            "is needed with PostgreSQL, where each machine has to have the same one; "
            f"make it with: {MAKE_MASTER_KEY}",
        )
    if not is_lost:
        _refuse_missing(file, settings)
    try:
        return Encryptor(read_master_keys(kept_secret(file, new_master_key)))
    except ValueError as error:
        raise InvalidSetting(str(file), f"holds no master key: it {error}") from error


def _refuse_missing(file: Path, settings: Settings) -> None:
    # The file is looked for once more at the end: a service that starts at the same moment makes
    # it before it encrypts anything.
    if file.exists() or not holds_encrypted_values(settings.database) or file.exists():
        return
    raise InvalidSetting(
        str(file),
        "is missing, and the database holds values encrypted with the master key in it; nothing "
        "was changed. Restore this file from its backup, or give the key as "
        f"{_VARIABLE}; if it is lost, see: watchword keys revoke --help",
    )


def found_encryptor(settings: Settings) -> Encryptor | None:
    """Return what :func:`load_encryptor` does without creating a key; ``None`` if there is none.

    Raises:
        InvalidSetting: when its file cannot be used.
    """
    file = master_key_file(settings)
    if settings.master_key is None and file is not None and found_secret(file) is None:
        return None
    return load_encryptor(settings)


def master_key_file(settings: Settings) -> Path | None:
    """Return where a generated master key is kept: beside a SQLite database, otherwise nowhere."""
    database = settings.database_file
    return None if database is None else database.with_name(database.name + ".master-key")
