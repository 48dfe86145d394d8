"""Opening what an option names, sessions or keys, without importing any of the others."""

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
    """An option that names no session store."""


def open_session_store(target: Any, *, upgrade: bool = True) -> SessionStore:
    """Return the session store that ``target`` names; one in a database has its schema in place.

    Args:
        target: ``memory://``; the URL of a database as SQLAlchemy writes it, or an engine; the
            URL of a Valkey or Redis server; or a store.
        upgrade: whether to apply the migrations that a database lacks; otherwise its schema
            counts as being in place.

    Raises:
        UnknownStore: when it names none, or one that needs a package that is not installed.
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
    raise UnknownStore(f"a {type(target).__name__} is no session store")


def memory_process_mark(store: SessionStore) -> ProcessMark | None:
    """Return what marks the processes that use a store in memory; ``None`` for any other store."""
    return store.processes if isinstance(store, MemorySessionStore) else None


# What follows imports where it is called: each brings packages that only its own users have.


def upgrade_database(url: str) -> None:
    """Apply the migrations that a database lacks, all of them or none.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    from flask_watchword.infra.sql.factory import upgrade_database

    upgrade_database(url)


def database_revision(url: str) -> "Revision":
    """Return where the schema of a database stands; nothing is changed, and no file is made.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    from flask_watchword.infra.sql.factory import database_revision

    return database_revision(url)


def database_state(url: str) -> "DatabaseState":
    """Return what a database tells of itself; nothing is changed, and no file is made.

    Raises:
        StoreUnavailable: when it does not answer within some seconds.
    """
    from flask_watchword.infra.sql.state import database_state

    return database_state(url)


def holds_encrypted_values(url: str) -> bool:
    """Tell whether a database holds values that a master key encrypted; no file is made.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    from flask_watchword.infra.sql import encrypted_values
    from flask_watchword.infra.sql.engine import open_engine

    engine = open_engine(url)
    try:
        return encrypted_values.holds_encrypted_values(engine)
    finally:
        engine.dispose()


def valkey_states(url: str) -> "Sequence[ValkeyState]":
    """Return what a Valkey server tells of itself; of a cluster, what each of its primaries does.

    Raises:
        UnknownStore: when the URL cannot be used, or no client is installed.
        StoreUnavailable: when one does not answer within some seconds.
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
    """Return the keys of another issuer; nothing is fetched before they are asked for.

    Args:
        issuer: the issuer, letter for letter as in ``iss``.
        jwks_url: the address of its JWK Set; ``None`` to discover it.
        algorithms: the algorithms that are accepted.
        elapsed: a clock in seconds that nobody sets back.
        private_http: whether http may ask a host on a private network.
        use_environment_proxy: whether they are fetched through the proxy of the environment.

    Raises:
        UnusableProxy: when the environment names a proxy that cannot be used.
        ValueError: when nothing may be fetched from there; the text follows on the address.
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
    """Tell whether the keys of an issuer are fetched by http from another machine."""
    from flask_watchword.infra.http.address import is_loopback

    parts = urlsplit(issuer if jwks_url is None else jwks_url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def probe_environment_proxy(seconds: float) -> str | None:
    """Connect to the proxy of the environment; return its name, ``None`` where none is named.

    Raises:
        UnusableProxy: when the environment names one that cannot be used.
        OSError: when it does not take a connection in this time.
    """
    from flask_watchword.infra.http.proxy import environment_proxy, reach

    proxy = environment_proxy()
    if proxy is None:
        return None
    reach(proxy, seconds)
    return proxy.name


@contextlib.contextmanager
def opened_audit_log(url: str) -> Iterator[AuditLog]:
    """Lend the audit log in a database whose schema is in place, and close every connection after.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    from flask_watchword.infra.sql.audit import SqlAuditLog

    with _opened_engine(url) as engine:
        yield SqlAuditLog(engine)


@contextlib.contextmanager
def opened_upkeep(url: str) -> Iterator[CleanupStore]:
    """Lend what deletes what is over of the accounts in a database whose schema is in place.

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
    # The URL itself stays out of every message: it may hold a password.
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise UnknownStore("a session store is named by a URL like memory://")
    if scheme == "memory":
        return MemorySessionStore()
    if scheme.partition("+")[0] in ("sqlite", "postgres", "postgresql"):
        return _in_database(url, upgrade)
    if scheme.partition("+")[0] in ("valkey", "valkeys", "redis", "rediss"):
        return _in_valkey(url)
    raise UnknownStore(f"no session store is known for {scheme}://")


def _in_database(target: Any, upgrade: bool) -> SessionStore:
    if isinstance(target, str):
        require("sqlite" if target.startswith("sqlite") else "postgres")
    from flask_watchword.infra.sql.factory import open_sql_sessions

    return open_sql_sessions(target, upgrade=upgrade)


def _in_valkey(url: str) -> SessionStore:
    from flask_watchword.infra.valkey.sessions import ValkeySessionStore

    return ValkeySessionStore.from_url(url)
