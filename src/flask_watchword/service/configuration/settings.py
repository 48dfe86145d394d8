"""The settings of the service as a frozen value, and the declarations of those of its core."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy.engine import make_url

from flask_watchword.accounts.password_policy import (
    MIN_CHARACTERS_BESIDE_SECOND_FACTOR,
    MIN_PASSWORD_CHARACTERS,
)
from flask_watchword.accounts.passwords import usable_cores
from flask_watchword.accounts.rate_limit_declarations import Limits
from flask_watchword.keys.material import GENERATORS
from flask_watchword.service.configuration import values
from flask_watchword.service.configuration.setting import Setting

DEFAULT_DATABASE = "sqlite:///watchword.db"
ONE_YEAR = 365 * 24 * 60 * 60

_T = TypeVar("_T")


def _core(
    parse: Callable[[str, str], _T],
    default: _T,
    meaning: str,
    default_text: str | None = None,
    *,
    is_list: bool = False,
    is_secret: bool = False,
) -> _T:
    """Declare a setting of the core, which has the name of its attribute."""
    declared = {
        "parse": parse,
        "default": default,
        "meaning": meaning,
        "default_text": default_text,
        "is_list": is_list,
        "is_secret": is_secret,
    }
    return field(default=default, repr=not is_secret, metadata=declared)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting of the service.

    The settings of the core are attributes, declared with their parser, default and meaning. Those
    of features are declared by the features, and are items: ``settings[SETTING]``.

    Attributes:
        of_features: the settings of features that are set, by their names.
        limits: the rate limits, each of which has its own variable, ``WATCHWORD_LIMIT_<NAME>``.
    """

    host: str = _core(values.some_text, "127.0.0.1", "IP address to listen on")
    port: int = _core(values.whole_number(1, 65535), 5000, "port to listen on")
    workers: int = _core(
        values.whole_number(1, 256),
        usable_cores(),
        "number of worker processes",
        "one per CPU core",
    )
    database: str = _core(
        values.database,
        DEFAULT_DATABASE,
        "database URL: a SQLite file, or PostgreSQL as in `postgresql://user@host/name`",
        is_secret=True,
    )
    valkey: str | None = _core(
        values.valkey,
        None,
        "URL of a Valkey or Redis server, as in `valkey://host:6379/0`, which then stores sessions "
        "and rate limit counters; with `?prefix=shop` all keys begin with `{shop}`",
        is_secret=True,
    )
    session_store: str | None = _core(
        values.session_store,
        None,
        "URL of the session store, if it is neither the database nor that Valkey",
        is_secret=True,
    )
    demo: bool = _core(
        values.yes_or_no,
        False,
        "add the demo's user and routes, in the database `watchword-demo.db`",
    )
    master_key: str | None = _core(
        values.master_key,
        None,
        "key that encrypts private keys, TOTP secrets and queued e-mail in the database: 32 bytes "
        "in base64url; see [the master key](../service/keys.md#the-master-key)",
        "generated with SQLite, required with PostgreSQL",
        is_list=True,
        is_secret=True,
    )
    key_algorithm: str = _core(
        values.one_of(*GENERATORS),
        "EdDSA",
        "algorithm of new signing keys: `EdDSA`, `ES256` or `RS256`",
    )
    key_rotation_days: int = _core(
        values.whole_number(0, 10 * 365),
        90,
        "days for which a key signs before the next one replaces it; `0` turns automatic rotation "
        "off",
    )
    key_publish_seconds: int = _core(
        values.whole_number(1, 24 * 60 * 60),
        60 * 60,
        "seconds for which a key is in the JWK Set before it signs",
    )
    issuer: str = _core(
        values.some_text, "watchword", "`iss` of every token, and the only issuer accepted"
    )
    audience: str = _core(
        values.some_text, "watchword", "`aud` of every token, and the only audience accepted"
    )
    access_token_seconds: int = _core(
        values.whole_number(1, ONE_YEAR), 15 * 60, "lifetime of an access token"
    )
    refresh_token_seconds: int = _core(
        values.whole_number(1, ONE_YEAR),
        7 * 24 * 60 * 60,
        "lifetime of a refresh token, and of a session that is not refreshed",
    )
    session_seconds: int = _core(
        values.whole_number(1, ONE_YEAR), 30 * 24 * 60 * 60, "maximum lifetime of a session"
    )
    sessions_per_user: int = _core(
        values.whole_number(0, 10_000),
        100,
        "maximum number of sessions of a user; a login beyond it ends the oldest; `0`: no limit",
    )
    refresh_grace: int = _core(
        values.whole_number(0, 60 * 60),
        10,
        "seconds for which a used refresh token returns the same new tokens again; with `0`, every "
        "second use ends the session",
    )
    # Beside a second factor 8 characters are enough (NIST SP 800-63B-4 section 3.1.1.2).
    min_password_characters: int = _core(
        values.whole_number(MIN_CHARACTERS_BESIDE_SECOND_FACTOR, 64),
        MIN_PASSWORD_CHARACTERS,
        "minimum length of a new password, at least 8; with a second factor the minimum is 8",
    )
    max_request_bytes: int = _core(
        values.whole_number(1024, 16 * 1024 * 1024),
        64 * 1024,
        "maximum size of a request body; larger ones are rejected with 413",
    )
    trusted_proxies: int = _core(
        values.whole_number(0, 16),
        0,
        "number of reverse proxies in front of the service, whose `X-Forwarded-For` is used; `0` "
        "ignores the header. See [Behind a proxy](../how-to/proxy.md)",
    )
    service_name: str = _core(
        values.some_text,
        "Watchword",
        "name of the service in e-mails; a password must not be based on it",
    )
    public_url: str | None = _core(
        values.public_url,
        None,
        "URL of your pages, to which links in e-mails lead; without it e-mails contain only the "
        "code. See [E-mail](../service/email.md)",
    )
    cors_origins: tuple[str, ...] = _core(
        values.origins,
        (),
        "comma-separated origins of other sites whose pages may call the service, as in "
        "`https://app.example.com` or `capacitor://localhost`",
        is_list=True,
    )
    # By default those of distributed tracing.
    cors_headers: tuple[str, ...] = _core(
        values.header_names,
        ("traceparent", "tracestate", "baggage", "sentry-trace"),
        "comma-separated request headers that those pages may send besides `Authorization`, "
        "`Content-Type` and `X-CSRF-TOKEN`",
        is_list=True,
    )
    smtp: str | None = _core(
        values.some_text,
        None,
        "mail server, as in `smtp://user:password@host:587`, or `smtp+plain://localhost:1025` "
        "without TLS on the same machine; without it e-mails are printed to the log",
        is_secret=True,
    )
    smtp_certificates: Path | None = _core(  # noqa: RUF009 - it returns a field
        values.existing_path,
        None,
        "file with CA certificates to trust instead of the system's",
    )
    mail_from: str | None = _core(
        values.some_text,
        None,
        "sender of e-mails, as in `Example <login@example.com>`; required with `WATCHWORD_SMTP`",
    )
    mail_templates: Path | None = _core(  # noqa: RUF009 - it returns a field
        values.existing_path,
        None,
        "directory with e-mail templates that override the built-in ones",
    )
    log_format: str = _core(
        values.one_of("text", "json"), "text", "`text`, or `json` for one JSON object per line"
    )
    log_level: str = _core(
        values.one_of("info", "warning", "error"),
        "info",
        "`info` logs every request, `warning` and `error` only problems",
    )
    disabled_features: tuple[str, ...] = _core(
        values.names,
        (),
        "features to leave out, separated by commas, such as `registration`: their routes, "
        "settings and commands do not exist then; see [Features](../service/features.md)",
        is_list=True,
    )
    of_features: Mapping[str, Any] = field(default_factory=dict, repr=False)  # may be secret
    limits: Limits = field(default_factory=Limits)

    def __getitem__(self, setting: Setting[_T]) -> _T:
        """Return the value of a setting of a feature."""
        # By name: a parser cannot be pickled, and settings are where workers are spawned.
        return cast(_T, self.of_features.get(setting.name, setting.default))

    @property
    def database_file(self) -> Path | None:
        """Return the file of a SQLite database; ``None`` for a server."""
        url = make_url(self.database)
        return Path(url.database or "") if url.get_backend_name() == "sqlite" else None

    @property
    def sessions_elsewhere(self) -> str | None:
        """Return the URL of a separate session store; ``None`` if sessions are in the database."""
        url = self.session_store or self.valkey
        return None if url == self.database else url


#: The settings that exist whichever features are left out.
CORE_SETTINGS: Sequence[Setting[Any]] = tuple(
    Setting(one.name, **one.metadata) for one in fields(Settings) if one.metadata
)
