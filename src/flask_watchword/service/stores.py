"""Open the stores that the settings name. No other module knows the store classes."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Engine

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.outbox import Transport
from flask_watchword.accounts.passwords import Passwords
from flask_watchword.accounts.rate_limits import RateLimitStore
from flask_watchword.accounts.user_store import UserStore
from flask_watchword.clock import system_clock
from flask_watchword.infra.factory import UnknownStore, open_session_store
from flask_watchword.infra.mail.smtp import SmtpTransport
from flask_watchword.infra.mail.smtp_url import read_smtp_url
from flask_watchword.infra.sql.account_stores import SqlAccounts
from flask_watchword.infra.sql.cleanup import CleanupStep, SqlCleanup
from flask_watchword.infra.sql.encrypted_values import count_by_head
from flask_watchword.infra.sql.engine import open_engine
from flask_watchword.infra.sql.keys import SqlKeyStore
from flask_watchword.infra.sql.rate_limits import SqlRateLimitStore
from flask_watchword.infra.sql.schema import create_tables, upgrade_schema
from flask_watchword.infra.sql.sessions import SqlSessionStore
from flask_watchword.infra.sql.shared_database import SqlSharedDatabase
from flask_watchword.infra.sql.users import SqlUserStore
from flask_watchword.infra.valkey.rate_limits import ValkeyRateLimitStore
from flask_watchword.infra.valkey.sessions import ValkeySessionStore
from flask_watchword.keys.store import KeyStore
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.context import Stores
from flask_watchword.service.feature import Feature
from flask_watchword.service.features.bootstrap_admin.flow import offer_setup
from flask_watchword.service.features.demo.demo_user import add_demo_user, refuse_demo_user
from flask_watchword.service.features.table import FEATURES, active_features
from flask_watchword.service.mail.log_transport import LogTransport
from flask_watchword.service.signing.master_key import load_encryptor
from flask_watchword.service.signing.signing_keys import ensure_keys
from flask_watchword.sessions.store import SessionStore

#: Seconds for which a starting process waits for the migration of another one.
_MIGRATION_SECONDS = 60.0

_MAIL_FROM = "WATCHWORD_MAIL_FROM"


def open_stores(settings: Settings, features: Sequence[Feature] | None = None) -> Stores:
    """Return the stores of these settings; connections are made when they are first needed.

    Raises:
        InvalidSetting: when the session store cannot be used, or there is no master key.
        StoreUnavailable: when a file beside a SQLite database cannot be created.
    """
    features = active_features(settings) if features is None else features
    # One engine for all stores, so that a worker has one pool of connections to PostgreSQL.
    engine = open_engine(settings.database)
    sessions = _sessions(settings, settings.sessions_elsewhere or engine, upgrade=False)
    rate_limits = _rate_limits(engine, settings, sessions)

    def close_others() -> None:
        if isinstance(rate_limits, ValkeyRateLimitStore):
            rate_limits.close()
        engine.dispose()

    return Stores(
        accounts=_accounts(engine, settings, features),
        rate_limits=rate_limits,
        sessions=sessions,
        keys=SqlKeyStore(engine),
        cleanup=SqlCleanup(engine, _cleanup_of(features)),
        shared=_shared(settings, sessions, rate_limits),
        close_others=close_others,
    )


@contextlib.contextmanager
def opened_stores(settings: Settings) -> Iterator[Stores]:
    """Open the stores of these settings, and close every connection at the end."""
    with contextlib.closing(open_stores(settings)) as stores:
        yield stores


@contextlib.contextmanager
def opened_accounts(settings: Settings) -> Iterator[Accounts]:
    """Open the accounts of these settings, and close every connection at the end.

    Raises:
        InvalidSetting: when there is no master key, or its file cannot be used.
    """
    with _opened_engine(settings) as engine:
        database = _accounts(engine, settings, active_features(settings))
        yield Accounts(database=database, passwords=Passwords())


@contextlib.contextmanager
def opened_users(settings: Settings) -> Iterator[UserStore]:
    """Open the users of these settings, and close every connection at the end."""
    with _opened_engine(settings) as engine:
        yield SqlUserStore(engine)


@contextlib.contextmanager
def opened_keys(settings: Settings) -> Iterator[KeyStore]:
    """Open the signing keys of these settings, and close every connection at the end."""
    with _opened_engine(settings) as engine:
        yield SqlKeyStore(engine)


def encrypted_values_by_head(
    settings: Settings, head_bytes: int
) -> Mapping[str, Mapping[bytes, int]]:
    """Return the number of encrypted values by master key: see ``Encryptor.current_prefix``.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    with _opened_engine(settings) as engine:
        return count_by_head(engine, head_bytes)


def prepare(settings: Settings, features: Sequence[Feature] | None = None) -> None:
    """Create or upgrade the schema of the stores, and create what the service needs in them.

    Several processes can call it at the same time. No connection stays open, so that the caller can
    fork afterwards.

    Raises:
        InvalidSetting: when the session store cannot be used, when the master key does not decrypt
            the signing keys, or when a demo would share the database with real accounts.
        StoreUnavailable: when a store does not answer.
    """
    elsewhere = settings.sessions_elsewhere
    if elsewhere is not None:
        # First, so that a failure does not leave a new database behind.
        _start_sessions(settings, elsewhere, upgrade=True)
    prepare_database(settings, features)
    with opened_keys(settings) as keys:
        ensure_keys(settings, keys)
    if elsewhere is None:
        _start_sessions(settings, settings.database, upgrade=False)


def _start_sessions(settings: Settings, target: str, *, upgrade: bool) -> None:
    sessions = _sessions(settings, target, upgrade=upgrade)
    try:
        # The first page sets the time at which the log of the store begins: tokens issued before
        # it cost a look-up at each request. It also detects now that a server is down.
        next(sessions.log_pages(0, system_clock()))
    finally:
        sessions.close()


def refuse_demo(settings: Settings) -> None:
    """Reject a database that has the user of the demo, whose password is public.

    Raises:
        InvalidSetting: when the database has this user.
        StoreUnavailable: when the database does not answer.
    """
    with opened_users(settings) as users:
        refuse_demo_user(users, Passwords())


def prepare_database(settings: Settings, features: Sequence[Feature] | None = None) -> None:
    """Create or upgrade the schema of the database, and in a demo add its user.

    Raises:
        InvalidSetting: when a demo would share the database with real accounts, or a feature is
            left out that users depend on.
        StoreUnavailable: when the database does not answer.
    """
    features = active_features(settings) if features is None else features
    with _opened_engine(settings, busy_seconds=_MIGRATION_SECONDS) as engine:
        upgrade_schema(engine)
        create_tables(engine, [table for one in features for table in one.tables])
        _require_features_in_use(engine, features)
        users, passwords = SqlUserStore(engine), Passwords()
        if settings.demo:
            add_demo_user(users, passwords, system_clock)
        else:
            refuse_demo_user(users, passwords)


def _require_features_in_use(engine: Engine, features: Sequence[Feature]) -> None:
    for feature in FEATURES:
        if feature not in features and feature.in_use is not None and feature.in_use(engine):
            why = (
                f"{feature.name} cannot be left out: users have enrolled it as their second factor"
            )
            raise InvalidSetting("WATCHWORD_DISABLED_FEATURES", why)


@contextlib.contextmanager
def _opened_engine(settings: Settings, **options: float) -> Iterator[Engine]:
    engine = open_engine(settings.database, **options)
    try:
        yield engine
    finally:
        engine.dispose()


def first_admin_code(settings: Settings) -> str | None:
    """Return a new code that creates the first administrator; ``None`` if there is one already.

    Also ``None`` while another code is valid, which an earlier start or another node has printed.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    with opened_accounts(settings) as accounts:
        return accounts.database.run(lambda repositories: offer_setup(repositories, system_clock()))


def mail_transport(settings: Settings) -> Transport:
    """Return the transport for e-mail: the mail server, or the log if none is configured.

    Raises:
        InvalidSetting: when e-mail cannot be sent with these settings.
    """
    if settings.smtp is None:
        return LogTransport()
    if settings.mail_from is None:
        raise InvalidSetting(_MAIL_FROM, "is needed with WATCHWORD_SMTP: Name <name@example.com>")
    try:
        url = read_smtp_url(settings.smtp)
    except ValueError as error:
        raise InvalidSetting("WATCHWORD_SMTP", str(error)) from None
    certificates = settings.smtp_certificates
    try:
        return SmtpTransport(url.server(settings.mail_from, certificates))
    except ValueError as error:
        raise InvalidSetting(_MAIL_FROM, str(error)) from error
    except OSError as error:
        reason = f"cannot be used: {error.strerror or error}"
        raise InvalidSetting("WATCHWORD_SMTP_CERTIFICATES", reason) from error


def check_mail_server(settings: Settings) -> None:
    """Connect to the mail server, if one is configured, without sending a message.

    Raises:
        InvalidSetting: when e-mail cannot be sent with these settings.
        SendingFailed: when the connection fails.
    """
    transport = mail_transport(settings)
    if isinstance(transport, SmtpTransport):
        transport.check_connection()


def _accounts(engine: Engine, settings: Settings, features: Sequence[Feature]) -> SqlAccounts:
    # With those of features that are left out: their rows are deleted with a user all the same, and
    # are encrypted with a new master key.
    every = (*FEATURES, *features)
    repositories = {key: make for one in every for key, make in one.repositories.items()}
    return SqlAccounts(engine, load_encryptor(settings), repositories)


def _shared(
    settings: Settings, sessions: SessionStore, rate_limits: RateLimitStore
) -> SqlSharedDatabase | None:
    if settings.sessions_elsewhere is not None or not isinstance(sessions, SqlSessionStore):
        return None
    return SqlSharedDatabase(sessions, has_rate_limits=isinstance(rate_limits, SqlRateLimitStore))


def _cleanup_of(features: Sequence[Feature]) -> Sequence[CleanupStep]:
    return [step for feature in features for step in feature.cleanup]


def _rate_limits(engine: Engine, settings: Settings, sessions: SessionStore) -> RateLimitStore:
    if settings.valkey is None:
        return SqlRateLimitStore(engine)
    if isinstance(sessions, ValkeySessionStore) and settings.sessions_elsewhere == settings.valkey:
        return ValkeyRateLimitStore.sharing(sessions)
    try:
        return ValkeyRateLimitStore.from_url(settings.valkey)
    except (ValueError, ImportError) as error:
        raise InvalidSetting("WATCHWORD_VALKEY", str(error)) from error


def _sessions(settings: Settings, target: str | Engine, *, upgrade: bool) -> SessionStore:
    try:
        return open_session_store(target, upgrade=upgrade)
    except UnknownStore as error:
        in_valkey = settings.session_store is None
        variable = "WATCHWORD_VALKEY" if in_valkey else "WATCHWORD_SESSION_STORE"
        raise InvalidSetting(variable, str(error)) from error
