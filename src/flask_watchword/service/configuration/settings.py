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
        valkey: URL of a Valkey or Redis server, where sessions are kept then.
        session_store: URL of the place of the sessions, when it is neither of these.
        master_key: under which private keys are sealed in the database, or several of them, the
            first of which seals; ``None`` keeps a generated one in a file beside a SQLite database.
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
        refresh_grace: seconds for which a refresh token that was just used gets the same successor
            again.
        min_password_characters: least length of a new password that is the only factor. Beside a
            second factor 8 characters are enough (NIST SP 800-63B-4 section 3.1.1.2).
        max_request_bytes: a request with a longer body is refused with 413.
        trusted_proxies: how many proxies of one's own every request comes through, whose word in
            ``X-Forwarded-For`` counts; 0 ignores the header.
        service_name: what the service is called in mail; no password may be made of it.
        public_url: where the pages are that links in mail lead to; without it mail has the code
            alone.
        cors_origins: of the pages that may read what the service answers, and act for who is logged
            in, although they come from elsewhere; none without it.
        cors_headers: request headers that these pages may send, beside those that the endpoints
            read; by default those of distributed tracing.
        metrics_token: what whoever reads ``/metrics`` has to show; without it they have to be on
            this machine.
        smtp: URL of the mail server, ``smtp://user:password@host:587``; without it mail is
            printed to the log.
        smtp_certificates: a file of certificates to trust in the place of the system's.
        mail_from: whom mail comes from; needed with ``smtp``.
        mail_templates: a folder whose templates go before those of the package.
        log_format: ``text`` for people, ``json`` for one JSON object in each line.
        log_level: ``info`` logs every request, ``warning`` and ``error`` only what is wrong.
        require_verified_email: whether a login needs an address that is verified; ``None`` asks for
            it where mail is sent by ``smtp``.
        verify_email_seconds: how long a code is good that verifies an address.
        reset_password_seconds: how long a code is good for another password.
        change_email_seconds: how long a code is good for another address.
        limits: the rate limits. Each row of the table is a variable of its own, whose name begins
            with ``WATCHWORD_LIMIT_``.
    """

    # These may hold passwords.
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
    limits: RateLimits = field(default_factory=RateLimits)

    @property
    def database_file(self) -> Path | None:
        """Return the file the database lives in; ``None`` for a server."""
        url = make_url(self.database)
        return Path(url.database or "") if url.get_backend_name() == "sqlite" else None

    @property
    def verified_logins_only(self) -> bool:
        """Tell whether a user whose address is not verified is refused at a login."""
        if self.require_verified_email is None:
            return self.smtp is not None
        return self.require_verified_email

    @property
    def sessions_elsewhere(self) -> str | None:
        """Return the URL of the sessions' place; ``None`` when they are in the database."""
        place = self.session_store or self.valkey
        return None if place == self.database else place
