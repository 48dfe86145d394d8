"""Load the settings of the service from the environment, ``.env`` and ``app.config``."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from flask_watchword.accounts.rate_limit_declarations import Limits
from flask_watchword.extension.options.sessions import SESSION_OPTIONS
from flask_watchword.extension.options.unknown_names import misspelled_options, unknown_setting
from flask_watchword.infra.temporary_database import IN_MEMORY, is_in_memory
from flask_watchword.service.configuration import values
from flask_watchword.service.configuration.env_file import read_env_file
from flask_watchword.service.configuration.setting import PREFIX, Setting, limit_setting
from flask_watchword.service.configuration.settings import (
    CORE_SETTINGS,
    DEFAULT_DATABASE,
    Settings,
)
from flask_watchword.service.configuration.sources import merged
from flask_watchword.service.configuration.values import InvalidSetting, UnknownSetting
from flask_watchword.service.feature import Feature
from flask_watchword.service.features.table import (
    FEATURES,
    feature_settings,
    rate_limits_of,
    settings_of,
)

_CORE = {setting.name: setting for setting in CORE_SETTINGS}
_DATABASE = _CORE["database"]
_DEMO_DATABASE = "sqlite:///watchword-demo.db"

#: Read by commands, in the current folder.
_ENV_FILE = Path(".env")


def environment() -> Mapping[str, Any]:
    """Return the variables for commands: the environment, then ``.env`` in the current folder.

    Only commands read ``.env``; an application passes its own variables to :func:`read_settings`.

    Raises:
        InvalidSetting: if the file is invalid; the message contains none of its values.
    """
    secrets = [setting.variable for setting in settings_of(FEATURES) if setting.is_secret]
    return merged(os.environ, read_env_file(_ENV_FILE, PREFIX, secrets))


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
    _reject_unknown(variables, FEATURES)
    return _parsed(variables, FEATURES, overrides)


def read_app_settings(
    config: Mapping[str, Any],
    environ: Mapping[str, Any] = os.environ,
    added: Sequence[Feature] = (),
) -> Settings:
    """Return the settings of an application, from its configuration and then the environment.

    A value in ``app.config`` is text as in the environment, or a Python value: a number, a
    ``bool``, a ``timedelta``, a ``Path``, a list.

    Args:
        config: ``app.config``.
        environ: used for names that the configuration does not set.
        added: the features that the application adds.

    Raises:
        InvalidSetting: for the first invalid value, or an unknown name.
    """
    misspelled = misspelled_options(config, "JWT_")
    if misspelled:
        raise UnknownSetting(misspelled[0])
    features = [*FEATURES, *added]
    _reject_unknown(merged(config), features, also=(option.name for option in SESSION_OPTIONS))
    _reject_unknown(merged(environ), features)
    variables = merged(config, environ)
    if not is_in_memory(variables.get(_DATABASE.variable)):
        return _parsed(variables, features)
    del variables[_DATABASE.variable]
    return replace(_parsed(variables, features), database=IN_MEMORY)


def secret_files(environ: Mapping[str, Any] = os.environ) -> Mapping[str, Path]:
    """Return the files that contain secrets, by the variable that names each."""
    variables = merged(environ)
    names = [setting.file_variable for setting in settings_of(FEATURES) if setting.is_secret]
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
    _reject_unknown(variables, FEATURES)
    text = given if given is not None else _text(variables, _DATABASE)
    return values.database(_DATABASE.variable, DEFAULT_DATABASE if text is None else text)


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
    _reject_unknown(variables, FEATURES)
    if store is not None:
        return values.session_store(_CORE["session_store"].variable, store)
    if database is None:
        for setting in (_CORE["session_store"], _CORE["valkey"]):
            text = _text(variables, setting)
            if text is not None:
                url: str = setting.parse(setting.variable, text)
                return url
    return read_database(database, variables)


def known_variables(features: Sequence[Feature] = FEATURES) -> list[str]:
    """Return the variables of all settings, including those that name files with secrets."""
    return [name for setting in settings_of(features) for name in setting.variables]


def _parsed(
    variables: Mapping[str, Any],
    features: Sequence[Feature],
    overrides: Mapping[str, Any] = MappingProxyType({}),
) -> Settings:
    found = _values(CORE_SETTINGS, variables, overrides)
    _reject_disabled(variables, features, found.get("disabled_features", ()))
    if "database" not in found:
        database = _DEMO_DATABASE if found.get("demo") else DEFAULT_DATABASE
        found["database"] = values.database(_DATABASE.variable, database)
    of_features = [setting for feature in features for setting in feature.settings]
    limits = {limit: limit_setting(limit) for limit in rate_limits_of(features)}
    changed = _values(limits.values(), variables)
    return Settings(
        of_features=_values(of_features, variables),
        limits=Limits(
            {limit: changed[one.name] for limit, one in limits.items() if one.name in changed}
        ),
        **found,
    )


def _values(
    settings: Iterable[Setting[Any]],
    variables: Mapping[str, Any],
    overrides: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return the values of the settings that are set, by name."""
    found = {}
    for setting in settings:
        given = overrides.get(setting.name)
        text = _text(variables, setting) if given is None else _as_text(setting, given)
        if text is not None:
            found[setting.name] = setting.parse(setting.variable, text)
    return found


def _reject_unknown(
    variables: Iterable[str], features: Sequence[Feature], also: Iterable[str] = ()
) -> None:
    # With a mistyped name the default would silently stay in effect.
    known = known_variables(features)
    accepted = {*known, *also}
    for variable in sorted(variables):
        if variable not in accepted:
            raise UnknownSetting(unknown_setting(variable, known, PREFIX))


def _reject_disabled(
    variables: Mapping[str, Any], features: Sequence[Feature], disabled: Sequence[str]
) -> None:
    for feature in features:
        if feature.name in disabled:
            for setting in feature_settings(feature):
                for variable in setting.variables:
                    if variable in variables:
                        why = f"the feature {feature.name} is disabled, to which it belongs"
                        raise InvalidSetting(variable, why)


def _text(variables: Mapping[str, Any], setting: Setting[Any]) -> str | None:
    variable, file_variable = setting.variable, setting.file_variable
    if not setting.is_secret or file_variable not in variables:
        return None if variable not in variables else _as_text(setting, variables[variable])
    if variable in variables:
        raise InvalidSetting(file_variable, f"set either this or {variable}, not both")
    return _in_file(file_variable, Path(variables[file_variable]))


def _as_text(setting: Setting[Any], value: object) -> str:
    return values.as_text(setting.variable, value, several=setting.is_list)


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
