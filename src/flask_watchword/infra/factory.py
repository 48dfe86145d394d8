"""Open stores and issuers' keys by URL, and import only the packages that the URL needs."""

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask_watchword.accounts.audit import AuditLog
from flask_watchword.accounts.cleanup import CleanupStore
from flask_watchword.clock import Clock
from flask_watchword.extras import require
from flask_watchword.infra.memory_sessions import MemorySessionStore
from flask_watchword.infra.process_mark import ProcessMark
from flask_watchword.sessions.store import SessionStore

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from flask_watchword.infra.http.remote_keys import RemoteKeys
    from flask_watchword.infra.sql.schema import Revision
    from flask_watchword.infra.sql.state import DatabaseState
    from flask_watchword.infra.valkey.state import ValkeyState


class UnknownStore(ValueError):
    """An option does not name a session store."""


def open_session_store(target: Any, *, upgrade: bool = True) -> SessionStore:
    """Return the session store that ``target`` names; upgrade the schema of a database.

    Args:
        target: ``memory://``; the SQLAlchemy URL of a database, or an engine; the URL of a Valkey
            or Redis server; or a store.
        upgrade: whether to apply missing migrations; otherwise the database must have our schema.

    Raises:
        UnknownStore: when it names none, or a required package is not installed.
        StoreUnavailable: when a database does not answer.
    """
    try:
        if isinstance(target, str):
            return _by_url(target, upgrade)
        if type(target).__module__.startswith("sqlalchemy."):
            return _in_database(target, upgrade)
    except ImportError as error:
        if (error.name or "").startswith("flask_watchword"):
            raise
        raise UnknownStore(str(error)) from error
    except UnknownStore:
        raise
    except ValueError as error:
        raise UnknownStore(str(error)) from None
    if hasattr(target, "rotate") and hasattr(target, "find_revocations"):
        store: SessionStore = target
        return store
    raise UnknownStore(f"a {type(target).__name__} is not a session store")


def memory_process_mark(store: SessionStore) -> ProcessMark | None:
    """Return the process mark of a store in memory, or ``None`` for another store."""
    return store.processes if isinstance(store, MemorySessionStore) else None


# The functions below import their modules when called: those need packages that an application may
# not have.


def upgrade_database(url: str) -> None:
    """Apply all missing migrations in one transaction.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    from flask_watchword.infra.sql.factory import upgrade_database

    upgrade_database(url)


def database_revision(url: str) -> "Revision":
    """Return the revision of the schema of a database; change nothing and create no file.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    from flask_watchword.infra.sql.factory import database_revision

    return database_revision(url)


def database_state(url: str) -> "DatabaseState":
    """Return the state of a database; change nothing and create no file.

    Raises:
        StoreUnavailable: when it does not answer in time.
    """
    from flask_watchword.infra.sql.state import database_state

    return database_state(url)


def holds_encrypted_values(url: str) -> bool:
    """Return whether a database contains values encrypted with a master key; create no file.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    from flask_watchword.infra.sql import encrypted_values

    with _opened_engine(url) as engine:
        return encrypted_values.holds_encrypted_values(engine)


def valkey_states(url: str) -> "Sequence[ValkeyState]":
    """Return the state of a Valkey server, or of each primary of a cluster.

    Raises:
        UnknownStore: when the URL is invalid, or no client is installed.
        StoreUnavailable: when one does not answer in time.
    """
    from flask_watchword.infra.valkey.state import valkey_states

    try:
        return valkey_states(url)
    except (ValueError, ImportError) as error:
        raise UnknownStore(str(error)) from None


def open_issuer_keys(
    issuer: str,
    jwks_url: str | None,
    algorithms: Sequence[str],
    elapsed: Clock,
    *,
    private_http: bool = False,
    use_environment_proxy: bool = False,
) -> "RemoteKeys":
    """Return the keys of another issuer, which are fetched at first use.

    Args:
        issuer: the issuer, exactly as in ``iss``.
        jwks_url: URL of its JWK Set; ``None`` to discover it.
        algorithms: accepted algorithms.
        elapsed: monotonic clock in seconds.
        private_http: whether http to a host on a private network is allowed.
        use_environment_proxy: whether to use the proxy of the environment.

    Raises:
        UnusableProxy: when the environment names a proxy that cannot be used.
        ValueError: when nothing may be fetched from there; the message continues the URL.
    """
    from flask_watchword.infra.http.jwks_location import KeyLocation
    from flask_watchword.infra.http.proxy import environment_proxy
    from flask_watchword.infra.http.remote_keys import RemoteKeys
    from flask_watchword.jose.jwk_set import read_jwk_set

    proxy = environment_proxy() if use_environment_proxy else None
    location = KeyLocation(
        issuer, jwks_url, elapsed=elapsed, private_http=private_http, proxy=proxy
    )
    read = partial(read_jwk_set, algorithms=algorithms, profile="strict")
    return RemoteKeys(issuer, location.fetch, read, elapsed=elapsed)


def is_fetched_in_the_clear(issuer: str, jwks_url: str | None) -> bool:
    """Return whether the keys of an issuer are fetched by http from another machine."""
    from flask_watchword.infra.http.url import is_loopback

    parts = urlsplit(issuer if jwks_url is None else jwks_url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def probe_environment_proxy(seconds: float) -> str | None:
    """Connect to the proxy of the environment; return its name, or ``None`` if none is set.

    Raises:
        UnusableProxy: when the environment names a proxy that cannot be used.
        OSError: when it does not accept a connection in this time.
    """
    from flask_watchword.infra.http.proxy import check_connection, environment_proxy

    proxy = environment_proxy()
    if proxy is None:
        return None
    check_connection(proxy, seconds)
    return proxy.name


@contextlib.contextmanager
def opened_audit_log(url: str) -> Iterator[AuditLog]:
    """Yield the audit log in a database with our schema, and close its connections afterwards.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    from flask_watchword.infra.sql.audit import SqlAuditLog

    with _opened_engine(url) as engine:
        yield SqlAuditLog(engine)


@contextlib.contextmanager
def opened_cleanup(url: str) -> Iterator[CleanupStore]:
    """Yield the cleanup of accounts in a database with our schema.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    from flask_watchword.infra.sql.cleanup import SqlCleanup

    with _opened_engine(url) as engine:
        yield SqlCleanup(engine)


@contextlib.contextmanager
def _opened_engine(url: str) -> Iterator["Engine"]:
    from flask_watchword.infra.sql.engine import open_engine

    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _by_url(url: str, upgrade: bool) -> SessionStore:
    # No message contains the URL, which may contain a password.
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise UnknownStore("a session store is a URL like memory://")
    if scheme == "memory":
        return MemorySessionStore()
    if scheme.partition("+")[0] in ("sqlite", "postgres", "postgresql"):
        return _in_database(url, upgrade)
    if scheme.partition("+")[0] in ("valkey", "valkeys", "redis", "rediss"):
        return _in_valkey(url)
    raise UnknownStore(f"no session store supports {scheme}://")


def _in_database(target: Any, upgrade: bool) -> SessionStore:
    if isinstance(target, str):
        require("sqlite" if target.startswith("sqlite") else "postgres")
    from flask_watchword.infra.sql.factory import open_sql_sessions

    return open_sql_sessions(target, upgrade=upgrade)


def _in_valkey(url: str) -> SessionStore:
    from flask_watchword.infra.valkey.sessions import ValkeySessionStore

    return ValkeySessionStore.from_url(url)
