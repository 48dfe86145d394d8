"""The secret that signed tokens before there were keys: a few of its tokens may live still."""

from pathlib import Path

from flask_watchword.errors import InvalidKeyError
from flask_watchword.jose.keys import Key
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.signing.generated_secret import found_secret

_VARIABLE = "WATCHWORD_SECRET_KEY"


def former_secret(settings: Settings) -> str | None:
    """Return the secret of an earlier version, configured or kept beside the database.

    Raises:
        InvalidSetting: when it cannot be one: a public key, say; or when its file cannot be used.
    """
    secret, named = settings.secret_key, _VARIABLE
    file = secret_file(settings)
    if secret is None and file is not None:
        secret, named = found_secret(file), str(file)
    if secret is None:
        return None
    try:
        Key.load(secret, "HS256", profile="strict")
    except InvalidKeyError as error:
        raise InvalidSetting(named, str(error)) from error
    return secret


def secret_file(settings: Settings) -> Path | None:
    """Return where an earlier version kept its secret: beside a SQLite database."""
    database = settings.database_file
    return None if database is None else database.with_name(database.name + ".secret")
