"""The one place that reads the environment: ``WATCHWORD_*`` becomes a frozen value."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from flask_watchword.accounts.passwords import usable_cores
from flask_watchword.keys.master_key import read_master_keys
from flask_watchword.keys.material import MAKERS

#: RFC 7518 section 3.2: a key for HS256 has at least the 32 bytes of the hash.
MIN_SECRET_BYTES = 32

#: The command that makes a secret.
MAKE_SECRET = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"

_PREFIX = "WATCHWORD_"
_DEFAULT_DATABASE = "sqlite:///watchword.db"
_DATABASES = "sqlite:///watchword.db, postgresql+psycopg://user@host/name"
_DEMO_DATABASE = "sqlite:///watchword-demo.db"
_VALKEY = "valkey://host:6379/0"
_SECRETS = ("master_key", "secret_key")
_VALKEY_SCHEMES = ("valkey", "valkeys", "redis", "rediss")


class InvalidSetting(Exception):
    """A setting that cannot be used; the message is one line that says which and why."""

    def __init__(self, variable: str, why: str) -> None:
        super().__init__(f"{variable}: {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the service can be told.

    Attributes:
        database: URL of the database, ``sqlite:///file`` or ``postgresql+psycopg://…``.
        valkey: URL of a Valkey or Redis server, where sessions are kept then.
        session_store: URL of the place of the sessions, when it is neither of these.
        master_key: under which private keys are sealed in the database, or several of them, the
            first of which seals; ``None`` keeps a generated one in a file beside a SQLite database.
        secret_key: what signed the tokens before there were keys, at least 32 bytes.
        key_algorithm: of new keys: ``EdDSA``, ``ES256`` or ``RS256``.
        key_rotation_days: how long a key signs before another takes its place; 0 leaves that to
            ``watchword keys rotate``.
        key_publish_seconds: how long a key stands in the JWK Set before it signs.
        host: address to listen on.
        port: port to listen on.
        workers: number of worker processes.
        demo: adds the tutorial's user and routes.
        issuer: the ``iss`` of every token, and the only one accepted.
        audience: the ``aud`` of every token, and the only one accepted.
        access_token_seconds: lifetime of an access token.
        refresh_token_seconds: lifetime of a refresh token, and of a session nobody refreshes.
        session_seconds: lifetime of a session, however often it is refreshed.
        max_request_bytes: a request with a longer body is refused with 413.
    """

    # These may hold passwords.
    database: str = field(default=_DEFAULT_DATABASE, repr=False)
    valkey: str | None = field(default=None, repr=False)
    session_store: str | None = field(default=None, repr=False)
    master_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    key_algorithm: str = "EdDSA"
    key_rotation_days: int = 90
    key_publish_seconds: int = 60 * 60
    host: str = "127.0.0.1"
    port: int = 5000
    workers: int = field(default_factory=usable_cores)
    demo: bool = False
    issuer: str = "watchword"
    audience: str = "watchword"
    access_token_seconds: int = 15 * 60
    refresh_token_seconds: int = 7 * 24 * 60 * 60
    session_seconds: int = 30 * 24 * 60 * 60
    max_request_bytes: int = 64 * 1024

    @property
    def database_file(self) -> Path | None:
        """Return the file the database lives in; ``None`` for a server."""
        url = make_url(self.database)
        return Path(url.database or "") if url.get_backend_name() == "sqlite" else None

    @property
    def sessions_elsewhere(self) -> str | None:
        """Return the URL of the sessions' place; ``None`` when they are in the database."""
        place = self.session_store or self.valkey
        return None if place == self.database else place


def read_settings(
    environ: Mapping[str, str] = os.environ, **overrides: str | int | bool | None
) -> Settings:
    """Return the settings of an environment.

    Args:
        environ: where ``WATCHWORD_<NAME>`` is looked up; what is secret may also come from the file
            that ``WATCHWORD_<NAME>_FILE`` names.
        overrides: values that win over the environment, by attribute name; ``None`` means that
            nothing was given.

    Raises:
        InvalidSetting: for the first value that cannot be used.
    """
    values: dict[str, Any] = {}
    for setting in fields(Settings):
        given = overrides.get(setting.name)
        text = str(given) if given is not None else _text(environ, setting.name)
        if text is not None:
            values[setting.name] = _PARSERS[setting.name](_variable(setting.name), text)
    if "database" not in values:
        name = _DEMO_DATABASE if values.get("demo") else _DEFAULT_DATABASE
        values["database"] = _database(_variable("database"), name)
    return Settings(**values)


def read_database(given: str | None = None, environ: Mapping[str, str] = os.environ) -> str:
    """Return the URL of the database that a command looks after: a SQLite file or PostgreSQL.

    Args:
        given: what wins over the environment.
        environ: where ``WATCHWORD_DATABASE`` is looked up.

    Raises:
        InvalidSetting: when it is neither; the message does not repeat it.
    """
    variable = _variable("database")
    text = given if given is not None else environ.get(variable, _DEFAULT_DATABASE)
    return _database(variable, text)


def read_session_store(
    database: str | None = None,
    store: str | None = None,
    environ: Mapping[str, str] = os.environ,
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
    if store is not None:
        return _session_store(_variable("session_store"), store)
    if database is None:
        for name in ("session_store", "valkey"):
            if _variable(name) in environ:
                place: str = _PARSERS[name](_variable(name), environ[_variable(name)])
                return place
    return read_database(database, environ)


def _variable(name: str) -> str:
    return _PREFIX + name.upper()


def _text(environ: Mapping[str, str], name: str) -> str | None:
    variable = _variable(name)
    if name not in _SECRETS:
        return environ.get(variable)
    return _secret_text(environ, variable, f"{variable}_FILE")


def _secret_text(environ: Mapping[str, str], variable: str, file_variable: str) -> str | None:
    if file_variable not in environ:
        return environ.get(variable)
    if variable in environ:
        raise InvalidSetting(file_variable, f"set either this or {variable}, not both")
    try:
        return Path(environ[file_variable]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InvalidSetting(file_variable, f"cannot read the file: {reason}") from error


def _secret(variable: str, text: str) -> str:
    if len(text.encode()) < MIN_SECRET_BYTES:
        raise InvalidSetting(
            variable,
            f"needs at least {MIN_SECRET_BYTES} bytes, has {len(text.encode())}; "
            f"make one with: {MAKE_SECRET}",
        )
    return text


def _master_key(variable: str, text: str) -> str:
    try:
        read_master_keys(text)
    except ValueError as error:
        raise InvalidSetting(variable, str(error)) from error
    return text


def _key_algorithm(variable: str, text: str) -> str:
    if text not in MAKERS:
        raise InvalidSetting(variable, f"{text!r} is none of {', '.join(MAKERS)}")
    return text


def _database(variable: str, text: str, wanted: str = _DATABASES) -> str:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # These quote what could not be read, perhaps a part of a password.
        raise InvalidSetting(variable, f"is no URL of these: {wanted}") from None
    if url.get_backend_name() == "sqlite" and not url.host:
        return _file(variable, url)
    if url.drivername == "postgresql+psycopg":
        return text
    raise InvalidSetting(variable, f"is no URL of these: {wanted}")


def _file(variable: str, url: URL) -> str:
    if not url.database or ":memory:" in url.database or url.query:
        raise InvalidSetting(
            variable, "name a file, as in sqlite:///watchword.db; workers cannot share memory"
        )
    # Made absolute here and now, so that every worker means the same file.
    path = str(Path(url.database).absolute())
    return url.set(drivername="sqlite", database=path).render_as_string()


def _valkey(variable: str, text: str, wanted: str = _VALKEY) -> str:
    if not _names_valkey(text):
        raise InvalidSetting(variable, f"is no URL of these: {wanted}")
    try:
        urlsplit(text).port  # noqa: B018 - a property that raises
    except ValueError:
        # Quotes what stands where the port should, which may be a part of a password.
        raise InvalidSetting(variable, f"is no URL of these: {wanted}") from None
    return text


def _session_store(variable: str, text: str) -> str:
    parse = _valkey if _names_valkey(text) else _database
    return parse(variable, text, f"{_DATABASES} or {_VALKEY}")


def _names_valkey(text: str) -> bool:
    scheme, separator, _ = text.partition("://")
    return bool(separator) and scheme.partition("+")[0] in _VALKEY_SCHEMES


def _whole_number(low: int, high: int) -> Callable[[str, str], int]:
    def parse(variable: str, text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise InvalidSetting(variable, f"{text!r} is not a number from {low} to {high}")
        return number

    return parse


def _yes_or_no(variable: str, text: str) -> bool:
    answers = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    answer = answers.get(text.strip().lower())
    if answer is None:
        raise InvalidSetting(variable, f"{text!r} is neither true nor false")
    return answer


def _some_text(variable: str, text: str) -> str:
    if not text.strip():
        raise InvalidSetting(variable, "is empty")
    return text.strip()


_ONE_YEAR = 365 * 24 * 60 * 60
_PARSERS: Mapping[str, Callable[[str, str], Any]] = {
    "database": _database,
    "valkey": _valkey,
    "session_store": _session_store,
    "master_key": _master_key,
    "secret_key": _secret,
    "key_algorithm": _key_algorithm,
    "key_rotation_days": _whole_number(0, 10 * 365),
    "key_publish_seconds": _whole_number(1, 24 * 60 * 60),
    "host": _some_text,
    "port": _whole_number(1, 65535),
    "workers": _whole_number(1, 256),
    "demo": _yes_or_no,
    "issuer": _some_text,
    "audience": _some_text,
    "access_token_seconds": _whole_number(1, _ONE_YEAR),
    "refresh_token_seconds": _whole_number(1, _ONE_YEAR),
    "session_seconds": _whole_number(1, _ONE_YEAR),
    "max_request_bytes": _whole_number(1024, 16 * 1024 * 1024),
}
