"""The settings of the service as a frozen value."""

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import make_url

from flask_watchword.accounts.password_policy import MIN_PASSWORD_CHARACTERS
from flask_watchword.accounts.passwords import usable_cores
from flask_watchword.accounts.rate_limit_table import RateLimits

DEFAULT_DATABASE = "sqlite:///watchword.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting of the service.

    Attributes:
        database: URL of the database, ``sqlite:///file`` or ``postgresql://…``.
        valkey: URL of a Valkey or Redis server that stores the sessions.
        session_store: URL of the session store, if it is neither of these.
        master_key: encrypts private keys in the database; or several, of which the first encrypts.
            With ``None`` a generated one is stored in a file beside a SQLite database.
        key_algorithm: algorithm of new keys: ``EdDSA``, ``ES256`` or ``RS256``.
        key_rotation_days: days after which a signing key is replaced; with 0 only
            ``watchword keys rotate`` replaces it.
        key_publish_seconds: how long a key is in the JWK Set before it signs.
        host: address to listen on.
        port: port to listen on.
        workers: number of worker processes.
        demo: whether to add a demo user and demo routes.
        issuer: the ``iss`` of every token, and the only one accepted.
        audience: the ``aud`` of every token, and the only one accepted.
        access_token_seconds: lifetime of an access token.
        refresh_token_seconds: lifetime of a refresh token, and of a session that is not refreshed.
        session_seconds: maximum lifetime of a session, however often it is refreshed.
        refresh_grace: seconds for which a used refresh token gets the same successor again.
        min_password_characters: minimum length of a new password that is the only factor. Beside a
            second factor 8 characters are enough (NIST SP 800-63B-4 section 3.1.1.2).
        max_request_bytes: a request with a longer body is rejected with 413.
        trusted_proxies: number of trusted proxies that every request passes, whose entries in
            ``X-Forwarded-For`` are used; 0 ignores the header.
        service_name: the name of the service in e-mail; no password may consist of it.
        public_url: the base URL of links in e-mail; without it e-mail contains only the code.
        cors_origins: origins whose pages may read responses, and act on behalf of logged-in users.
        cors_headers: request headers that these pages may send, besides those that the endpoints
            read; by default those of distributed tracing.
        metrics_token: bearer token required to read ``/metrics``; without it only this machine can.
        smtp: URL of the mail server, ``smtp://user:password@host:587``; without it e-mail is
            printed to the log.
        smtp_certificates: a file of certificates to trust instead of the system's.
        mail_from: sender of e-mail; required with ``smtp``.
        mail_templates: a folder with templates that replace those of the package.
        log_format: ``text`` for people, ``json`` for one JSON object per line.
        log_level: ``info`` logs every request, ``warning`` and ``error`` only problems.
        require_verified_email: whether logins require a verified address; ``None`` requires it if
            e-mail is sent by ``smtp``.
        verify_email_seconds: lifetime of a code that verifies an address.
        reset_password_seconds: lifetime of a code that resets a password.
        change_email_seconds: lifetime of a code that changes an address.
        disabled_features: the names of the features that are left out.
        limits: the rate limits. Each row of the table has its own variable, whose name begins with
            ``WATCHWORD_LIMIT_``.
    """

    # These may contain passwords.
    database: str = field(default=DEFAULT_DATABASE, repr=False)
    valkey: str | None = field(default=None, repr=False)
    session_store: str | None = field(default=None, repr=False)
    master_key: str | None = field(default=None, repr=False)
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
    refresh_grace: int = 10
    min_password_characters: int = MIN_PASSWORD_CHARACTERS
    max_request_bytes: int = 64 * 1024
    trusted_proxies: int = 0
    service_name: str = "Watchword"
    public_url: str | None = None
    cors_origins: tuple[str, ...] = ()
    cors_headers: tuple[str, ...] = ("traceparent", "tracestate", "baggage", "sentry-trace")
    metrics_token: str | None = field(default=None, repr=False)
    smtp: str | None = field(default=None, repr=False)
    smtp_certificates: Path | None = None
    mail_from: str | None = None
    mail_templates: Path | None = None
    log_format: str = "text"
    log_level: str = "info"
    require_verified_email: bool | None = None
    verify_email_seconds: int = 24 * 60 * 60
    reset_password_seconds: int = 15 * 60
    change_email_seconds: int = 60 * 60
    disabled_features: tuple[str, ...] = ()
    limits: RateLimits = field(default_factory=RateLimits)

    @property
    def database_file(self) -> Path | None:
        """Return the file of a SQLite database; ``None`` for a server."""
        url = make_url(self.database)
        return Path(url.database or "") if url.get_backend_name() == "sqlite" else None

    @property
    def verified_logins_only(self) -> bool:
        """Tell whether logins require a verified address."""
        if self.require_verified_email is None:
            return self.smtp is not None
        return self.require_verified_email

    @property
    def sessions_elsewhere(self) -> str | None:
        """Return the URL of a separate session store; ``None`` if sessions are in the database."""
        url = self.session_store or self.valkey
        return None if url == self.database else url
