"""The one place that reads the environment: ``WATCHWORD_*`` becomes a frozen value."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from flask_watchword.accounts.limits import ROWS, RateLimits, Row
from flask_watchword.accounts.passwords import usable_cores
from flask_watchword.accounts.throttling import Limit
from flask_watchword.keys.material import MAKERS
from flask_watchword.service import setting_values as values
from flask_watchword.service.env_file import read_env_file
from flask_watchword.service.setting_values import InvalidSetting

__all__ = [
    "InvalidSetting",
    "Settings",
    "environment",
    "read_database",
    "read_session_store",
    "read_settings",
    "secret_files",
]

_PREFIX = "WATCHWORD_"
_DEFAULT_DATABASE = "sqlite:///watchword.db"
_DEMO_DATABASE = "sqlite:///watchword-demo.db"
#: What may hold a secret: each may also come from a file that ``WATCHWORD_<NAME>_FILE`` names.
IN_FILES = (
    "database",
    "valkey",
    "session_store",
    "master_key",
    "secret_key",
    "metrics_token",
    "smtp",
)

#: Read by commands in the folder they run in.
_ENV_FILE = Path(".env")
#: What Kubernetes tells every container of a service that is called ``watchword-db``, perhaps.
_OF_KUBERNETES = re.compile(
    r".+_(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)


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
        trusted_proxies: how many proxies of one's own every request comes through, whose word in
            ``X-Forwarded-For`` counts; 0 ignores the header.
        service_name: what the service is called in mail; no password may be made of it.
        public_url: where the pages are that links in mail lead to; without it mail has the code
            alone.
        cors_origins: of the pages that may read what the service answers, and act for who is logged
            in, although they come from elsewhere; none without it.
        metrics_token: what whoever reads ``/metrics`` has to show; without it they have to be on
            this machine.
        smtp: URL of the mail server, ``smtp://user:password@host:587``; without it mail is
            printed to the log.
        smtp_certificates: a file of certificates to trust in the place of the system's.
        mail_from: whom mail comes from; needed with ``smtp``.
        mail_templates: a folder whose templates go before those of the package.
        log_format: ``text`` for people, ``json`` for one JSON object in each line.
        log_level: ``info`` logs every request, ``warning`` and ``error`` only what is wrong.
        verify_email_seconds: how long a code is good that verifies an address.
        reset_password_seconds: how long a code is good for another password.
        change_email_seconds: how long a code is good for another address.
        limits: the rate limits. Each row of the table is a variable of its own, whose name begins
            with ``WATCHWORD_LIMIT_``.
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
    trusted_proxies: int = 0
    service_name: str = "Watchword"
    public_url: str | None = None
    cors_origins: tuple[str, ...] = ()
    metrics_token: str | None = field(default=None, repr=False)
    smtp: str | None = field(default=None, repr=False)
    smtp_certificates: Path | None = None
    mail_from: str | None = None
    mail_templates: Path | None = None
    log_format: str = "text"
    log_level: str = "info"
    verify_email_seconds: int = 24 * 60 * 60
    reset_password_seconds: int = 15 * 60
    change_email_seconds: int = 60 * 60
    limits: RateLimits = field(default_factory=RateLimits)

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


def environment() -> Mapping[str, str]:
    """Return what the commands read: the environment, and ``.env`` in the current folder below it.

    An application decides by itself: what it does not give to :func:`read_settings` is not read.

    Raises:
        InvalidSetting: when the file cannot be used; the message has none of its values.
    """
    secrets = (_variable(name) for name in IN_FILES)
    in_file = read_env_file(_ENV_FILE, _PREFIX, secrets)
    # What is secret has two names, of which one may be given: the environment's goes before both.
    for name in IN_FILES:
        both = (_variable(name), _file_variable(name))
        if any(variable in os.environ for variable in both):
            for variable in both:
                in_file.pop(variable, None)
    return {**in_file, **os.environ}


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
        InvalidSetting: for the first value that cannot be used, or a name that is no setting's.
    """
    _refuse_unknown(environ)
    found: dict[str, Any] = {}
    for name, parse in _PARSERS.items():
        given = overrides.get(name)
        text = str(given) if given is not None else _text(environ, name)
        if text is not None:
            found[name] = parse(_variable(name), text)
    found["limits"] = _read_limits(environ)
    if "database" not in found:
        name = _DEMO_DATABASE if found.get("demo") else _DEFAULT_DATABASE
        found["database"] = values.database(_variable("database"), name)
    return Settings(**found)


def _read_limits(environ: Mapping[str, str]) -> RateLimits:
    found: dict[str, Limit] = {}
    for row in ROWS:
        variable = _variable(_limit_name(row))
        if variable in environ:
            found[row.name] = values.rate_limit(variable, environ[variable])
    return RateLimits(**found)


def secret_files(environ: Mapping[str, str] = os.environ) -> Mapping[str, Path]:
    """Return the files that hold secrets, by the variable that names each."""
    variables = map(_file_variable, IN_FILES)
    return {name: Path(environ[name]) for name in variables if name in environ}


def read_database(given: str | None = None, environ: Mapping[str, str] = os.environ) -> str:
    """Return the URL of the database that a command looks after: a SQLite file or PostgreSQL.

    Args:
        given: what wins over the environment.
        environ: where ``WATCHWORD_DATABASE`` is looked up.

    Raises:
        InvalidSetting: when it is neither; the message does not repeat it.
    """
    _refuse_unknown(environ)
    variable = _variable("database")
    text = given if given is not None else _text(environ, "database")
    return values.database(variable, _DEFAULT_DATABASE if text is None else text)


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
    _refuse_unknown(environ)
    if store is not None:
        return values.session_store(_variable("session_store"), store)
    if database is None:
        for name in ("session_store", "valkey"):
            text = _text(environ, name)
            if text is not None:
                place: str = _PARSERS[name](_variable(name), text)
                return place
    return read_database(database, environ)


def _limit_name(row: Row) -> str:
    return f"limit_{row.name}"


def _variable(name: str) -> str:
    return _PREFIX + name.upper()


def _file_variable(name: str) -> str:
    return f"{_variable(name)}_FILE"


def _refuse_unknown(environ: Iterable[str]) -> None:
    # A slip in a name would leave the default in force, and nobody would know.
    known = [_variable(name) for name in (*_PARSERS, *map(_limit_name, ROWS))]
    known += [_file_variable(name) for name in IN_FILES]
    for variable in sorted(environ):
        ours = variable.startswith(_PREFIX) and not _OF_KUBERNETES.fullmatch(variable)
        if ours and variable not in known:
            _refuse_name(variable, known)


def _refuse_name(variable: str, known: Iterable[str]) -> None:
    # Without what all of them begin with, by which any two are alike.
    names = {name.removeprefix(_PREFIX): name for name in known}
    similar = get_close_matches(variable.removeprefix(_PREFIX), names, n=1, cutoff=_ALIKE)
    why = f"is no setting; {names[similar[0]]} perhaps?" if similar else "is no setting; remove it"
    raise InvalidSetting(variable, why)


def _text(environ: Mapping[str, str], name: str) -> str | None:
    if name not in IN_FILES:
        return environ.get(_variable(name))
    return _secret_text(environ, _variable(name), _file_variable(name))


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


#: From 0 to 1, how much a name has to be like another one to be meant by it.
_ALIKE = 0.7

_ONE_YEAR = 365 * 24 * 60 * 60
_PARSERS: Mapping[str, Callable[[str, str], Any]] = {
    "database": values.database,
    "valkey": values.valkey,
    "session_store": values.session_store,
    "master_key": values.master_key,
    "secret_key": values.secret,
    "key_algorithm": values.one_of(*MAKERS),
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
    "max_request_bytes": values.whole_number(1024, 16 * 1024 * 1024),
    "trusted_proxies": values.whole_number(0, 16),
    "service_name": values.some_text,
    "public_url": values.public_url,
    "cors_origins": values.origins,
    "metrics_token": values.token,
    "smtp": values.some_text,
    "smtp_certificates": values.existing_path,
    "mail_from": values.some_text,
    "mail_templates": values.existing_path,
    "log_format": values.one_of("text", "json"),
    "log_level": values.one_of("info", "warning", "error"),
    "verify_email_seconds": values.whole_number(60, _ONE_YEAR),
    "reset_password_seconds": values.whole_number(60, 24 * 60 * 60),
    "change_email_seconds": values.whole_number(60, 24 * 60 * 60),
}
