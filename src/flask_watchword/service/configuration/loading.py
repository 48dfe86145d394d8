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

#: Read by commands, in the current folder.
_ENV_FILE = Path(".env")


def environment() -> Mapping[str, Any]:
    """Return the variables for commands: the environment, then ``.env`` in the current folder.

    Only commands read ``.env``; an application passes its own variables to :func:`read_settings`.

    Raises:
        InvalidSetting: if the file is invalid; the message contains none of its values.
    """
    return merged(os.environ, read_env_file(_ENV_FILE, PREFIX, map(variable_of, IN_FILES)))


def read_settings(environ: Mapping[str, Any] = os.environ, **overrides: Any) -> Settings:
    """Return the settings from environment variables.

    Args:
        environ: has ``WATCHWORD_<NAME>``; for a secret also ``WATCHWORD_<NAME>_FILE``, the name of
            a file that contains it.
        overrides: values that take precedence over the environment, by attribute name; ``None`` is
            ignored.

    Raises:
        InvalidSetting: for the first invalid value, or an unknown name.
    """
    variables = merged(environ)
    _reject_unknown(variables)
    return _parsed(variables, overrides)


def read_app_settings(
    config: Mapping[str, Any], environ: Mapping[str, Any] = os.environ
) -> Settings:
    """Return the settings of an application, from its configuration and then the environment.

    A value in ``app.config`` is text as in the environment, or a Python value: a number, a
    ``bool``, a ``timedelta``, a ``Path``, a list.

    Args:
        config: ``app.config``.
        environ: used for names that the configuration does not set.

    Raises:
        InvalidSetting: for the first invalid value, or an unknown name.
    """
    misspelled = misspelled_options(config, "JWT_")
    if misspelled:
        raise UnknownSetting(misspelled[0])
    _reject_unknown(merged(config), also=(option.name for option in SESSION_OPTIONS))
    _reject_unknown(merged(environ))
    variables = merged(config, environ)
    if not is_in_memory(variables.get(_DATABASE)):
        return _parsed(variables, {})
    others = {name: value for name, value in variables.items() if name != _DATABASE}
    return replace(_parsed(others, {}), database=IN_MEMORY)


def secret_files(environ: Mapping[str, Any] = os.environ) -> Mapping[str, Path]:
    """Return the files that contain secrets, by the variable that names each."""
    variables = merged(environ)
    names = map(file_variable_of, IN_FILES)
    return {name: Path(variables[name]) for name in names if name in variables}


def read_database(given: str | None = None, environ: Mapping[str, Any] = os.environ) -> str:
    """Return the URL of the database that a command works on: a SQLite file or PostgreSQL.

    Args:
        given: a URL that takes precedence over the environment.
        environ: has ``WATCHWORD_DATABASE``.

    Raises:
        InvalidSetting: if the URL is invalid; the message does not repeat it.
    """
    variables = merged(environ)
    _reject_unknown(variables)
    text = given if given is not None else _text(variables, "database")
    return values.database(variable_of("database"), DEFAULT_DATABASE if text is None else text)


def read_session_store(
    database: str | None = None,
    store: str | None = None,
    environ: Mapping[str, Any] = os.environ,
) -> str:
    """Return the URL of the session store that a command works on.

    Args:
        database: a database, which takes precedence over the environment.
        store: a database or a Valkey server, which takes precedence over both.
        environ: has ``WATCHWORD_SESSION_STORE``, ``WATCHWORD_VALKEY`` or ``WATCHWORD_DATABASE``;
            the first of these that is set is used if neither argument is given.

    Raises:
        InvalidSetting: if the URL is invalid; the message does not repeat it.
    """
    variables = merged(environ)
    _reject_unknown(variables)
    if store is not None:
        return values.session_store(variable_of("session_store"), store)
    if database is None:
        for name in ("session_store", "valkey"):
            text = _text(variables, name)
            if text is not None:
                url: str = _PARSERS[name](variable_of(name), text)
                return url
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
    """Return the variables of all settings, including those that name files with secrets."""
    names = (*_PARSERS, *(row.setting for row in ROWS))
    return [*map(variable_of, names), *map(file_variable_of, IN_FILES)]


def _reject_unknown(variables: Iterable[str], also: Iterable[str] = ()) -> None:
    # With a mistyped name the default would silently stay in effect.
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
        # An empty variable counts as unset; an empty file is a secret that was not written.
        raise InvalidSetting(variable, f"the file is empty: {file}")
    return text


#: Settings that may be lists; as text, the items are separated by commas.
_SEVERAL = frozenset({"cors_headers", "cors_origins", "disabled_features", "master_key"})

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
    "disabled_features": values.names,
}
