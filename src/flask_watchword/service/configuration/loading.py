"""Load the settings of the service from the environment, ``.env`` and ``app.config``."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask_watchword.accounts.password_policy import MIN_CHARACTERS_BESIDE_SECOND_FACTOR
from flask_watchword.accounts.rate_limit_table import ROWS, RateLimits
from flask_watchword.accounts.rate_limits import Limit
from flask_watchword.extension.options.sessions import SESSION_OPTIONS
from flask_watchword.extension.options.unknown_names import misspelled_options, unknown_setting
from flask_watchword.infra.temporary_database import IN_MEMORY, is_in_memory
from flask_watchword.keys.material import GENERATORS
from flask_watchword.service.configuration import values
from flask_watchword.service.configuration.env_file import read_env_file
from flask_watchword.service.configuration.settings import DEFAULT_DATABASE, Settings
from flask_watchword.service.configuration.sources import (
    IN_FILES,
    PREFIX,
    file_variable_of,
    merged,
    variable_of,
)
from flask_watchword.service.configuration.values import InvalidSetting, UnknownSetting

_DATABASE = "WATCHWORD_DATABASE"
_DEMO_DATABASE = "sqlite:///watchword-demo.db"

#: Read by commands in the folder they run in.
_ENV_FILE = Path(".env")


def environment() -> Mapping[str, Any]:
    """Return what the commands read: the environment, and ``.env`` in the current folder below it.

    An application decides by itself: what it does not give to :func:`read_settings` is not read.

    Raises:
        InvalidSetting: when the file cannot be used; the message has none of its values.
    """
    return merged(os.environ, read_env_file(_ENV_FILE, PREFIX, map(variable_of, IN_FILES)))


def read_settings(environ: Mapping[str, Any] = os.environ, **overrides: Any) -> Settings:
    """Return the settings of an environment.

    Args:
        environ: where ``WATCHWORD_<NAME>`` is looked up; what is secret may also come from the file
            that ``WATCHWORD_<NAME>_FILE`` names.
        overrides: values that win over the environment, by attribute name; ``None`` means that
            nothing was given.

    Raises:
        InvalidSetting: for the first value that cannot be used, or a name that is no setting's.
    """
    variables = merged(environ)
    _refuse_unknown(variables)
    return _parsed(variables, overrides)


def read_app_settings(
    config: Mapping[str, Any], environ: Mapping[str, Any] = os.environ
) -> Settings:
    """Return the settings of an application: those of its configuration, then the environment's.

    A value in ``app.config`` is text as in the environment, or a Python value: a number, a
    ``bool``, a ``timedelta``, a ``Path``, a list.

    Args:
        config: ``app.config``.
        environ: what is read for names that the configuration does not set.

    Raises:
        InvalidSetting: for the first value that cannot be used, or a name that is no setting's.
    """
    misspelled = misspelled_options(config, "JWT_")
    if misspelled:
        raise UnknownSetting(misspelled[0])
    _refuse_unknown(merged(config), also=(option.name for option in SESSION_OPTIONS))
    _refuse_unknown(merged(environ))
    variables = merged(config, environ)
    if not is_in_memory(variables.get(_DATABASE)):
        return _parsed(variables, {})
    others = {name: value for name, value in variables.items() if name != _DATABASE}
    return replace(_parsed(others, {}), database=IN_MEMORY)


def secret_files(environ: Mapping[str, Any] = os.environ) -> Mapping[str, Path]:
    """Return the files that hold secrets, by the variable that names each."""
    variables = merged(environ)
    names = map(file_variable_of, IN_FILES)
    return {name: Path(variables[name]) for name in names if name in variables}


def read_database(given: str | None = None, environ: Mapping[str, Any] = os.environ) -> str:
    """Return the URL of the database that a command looks after: a SQLite file or PostgreSQL.

    Args:
        given: what wins over the environment.
        environ: where ``WATCHWORD_DATABASE`` is looked up.

    Raises:
        InvalidSetting: when it is neither; the message does not repeat it.
    """
    variables = merged(environ)
    _refuse_unknown(variables)
    text = given if given is not None else _text(variables, "database")
    return values.database(variable_of("database"), DEFAULT_DATABASE if text is None else text)


def read_session_store(
    database: str | None = None,
    store: str | None = None,
    environ: Mapping[str, Any] = os.environ,
) -> str:
    """Return the URL of the place whose sessions a command looks after.

    Args:
        database: a database, which wins over the environment.
        store: a database or a Valkey server, which wins over both.
        environ: where ``WATCHWORD_SESSION_STORE``, ``WATCHWORD_VALKEY`` and
            ``WATCHWORD_DATABASE`` are looked up, in this order, when neither is given.

    Raises:
        InvalidSetting: when it is no such place; the message does not repeat it.
    """
    variables = merged(environ)
    _refuse_unknown(variables)
    if store is not None:
        return values.session_store(variable_of("session_store"), store)
    if database is None:
        for name in ("session_store", "valkey"):
            text = _text(variables, name)
            if text is not None:
                place: str = _PARSERS[name](variable_of(name), text)
                return place
    return read_database(database, variables)


def _parsed(variables: Mapping[str, Any], overrides: Mapping[str, Any]) -> Settings:
    found: dict[str, Any] = {}
    for name, parse in _PARSERS.items():
        given = overrides.get(name)
        text = _text(variables, name) if given is None else _as_text(name, given)
        if text is not None:
            found[name] = parse(variable_of(name), text)
    found["limits"] = _read_limits(variables)
    if "database" not in found:
        database = _DEMO_DATABASE if found.get("demo") else DEFAULT_DATABASE
        found["database"] = values.database(variable_of("database"), database)
    return Settings(**found)


def _read_limits(variables: Mapping[str, Any]) -> RateLimits:
    found: dict[str, Limit] = {}
    for row in ROWS:
        variable = variable_of(row.setting)
        if variable in variables:
            text = values.as_text(variable, variables[variable])
            found[row.name] = values.rate_limit(variable, text)
    return RateLimits(**found)


def known_variables() -> list[str]:
    """Return the names of all settings, those of files that hold secrets included."""
    names = (*_PARSERS, *(row.setting for row in ROWS))
    return [*map(variable_of, names), *map(file_variable_of, IN_FILES)]


def _refuse_unknown(variables: Iterable[str], also: Iterable[str] = ()) -> None:
    # A slip in a name would leave the default in force without a sign of it.
    known = known_variables()
    accepted = {*known, *also}
    for variable in sorted(variables):
        if variable not in accepted:
            raise UnknownSetting(unknown_setting(variable, known, PREFIX))


def _text(variables: Mapping[str, Any], name: str) -> str | None:
    variable, file_variable = variable_of(name), file_variable_of(name)
    if name not in IN_FILES or file_variable not in variables:
        return None if variable not in variables else _as_text(name, variables[variable])
    if variable in variables:
        raise InvalidSetting(file_variable, f"set either this or {variable}, not both")
    return _in_file(file_variable, Path(variables[file_variable]))


def _as_text(name: str, value: object) -> str:
    return values.as_text(variable_of(name), value, several=name in _SEVERAL)


def _in_file(variable: str, file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InvalidSetting(variable, f"cannot read the file: {reason}") from error
    if not text:
        # Unlike an empty variable, that is a secret which could not be written.
        raise InvalidSetting(variable, f"the file is empty: {file}")
    return text


#: What may be a list: in text with commas between the items.
_SEVERAL = frozenset({"cors_headers", "cors_origins", "master_key"})

_ONE_YEAR = 365 * 24 * 60 * 60
_PARSERS: Mapping[str, Callable[[str, str], Any]] = {
    "database": values.database,
    "valkey": values.valkey,
    "session_store": values.session_store,
    "master_key": values.master_key,
    "key_algorithm": values.one_of(*GENERATORS),
    "key_rotation_days": values.whole_number(0, 10 * 365),
    "key_publish_seconds": values.whole_number(1, 24 * 60 * 60),
    "host": values.some_text,
    "port": values.whole_number(1, 65535),
    "workers": values.whole_number(1, 256),
    "demo": values.yes_or_no,
    "issuer": values.some_text,
    "audience": values.some_text,
    "access_token_seconds": values.whole_number(1, _ONE_YEAR),
    "refresh_token_seconds": values.whole_number(1, _ONE_YEAR),
    "session_seconds": values.whole_number(1, _ONE_YEAR),
    "refresh_grace": values.whole_number(0, 60 * 60),
    "min_password_characters": values.whole_number(MIN_CHARACTERS_BESIDE_SECOND_FACTOR, 64),
    "max_request_bytes": values.whole_number(1024, 16 * 1024 * 1024),
    "trusted_proxies": values.whole_number(0, 16),
    "service_name": values.some_text,
    "public_url": values.public_url,
    "cors_origins": values.origins,
    "cors_headers": values.header_names,
    "metrics_token": values.token,
    "smtp": values.some_text,
    "smtp_certificates": values.existing_path,
    "mail_from": values.some_text,
    "mail_templates": values.existing_path,
    "log_format": values.one_of("text", "json"),
    "log_level": values.one_of("info", "warning", "error"),
    "require_verified_email": values.yes_or_no,
    "verify_email_seconds": values.whole_number(60, _ONE_YEAR),
    "reset_password_seconds": values.whole_number(60, 24 * 60 * 60),
    "change_email_seconds": values.whole_number(60, 24 * 60 * 60),
}
