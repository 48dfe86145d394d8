"""Open the session store of a database, by URL or by an engine of the application."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Engine

from flask_watchword.infra.database_url import POSTGRES, read_database_url
from flask_watchword.infra.sql.engine import open_engine
from flask_watchword.infra.sql.fork_safety import forget_connections_in_children
from flask_watchword.infra.sql.postgres import replace_dropped_connections
from flask_watchword.infra.sql.schema import Revision, schema_revision, upgrade_schema
from flask_watchword.infra.sql.sessions import SqlSessionStore

#: Seconds that SQLite itself waits for the write lock before the transaction is retried. SQLite
#: sleeps longer the longer it has waited, so one of many writers would wait for seconds while
#: others overtake it.
_LOCK_SECONDS = 0.05

#: Seconds to wait for another worker that applies the migrations.
_MIGRATION_SECONDS = 60.0


def open_sql_sessions(target: str | URL | Engine, *, upgrade: bool = True) -> SqlSessionStore:
    """Open the session store of a database.

    A PostgreSQL engine is used with its pool and its timeouts; from now on its pool replaces
    connections that the server has dropped. Of a SQLite engine only the file is used, with
    connections of our own, because those of the application begin transactions differently.

    Args:
        target: ``sqlite:///file``, ``postgresql://…``, or an engine of the application.
        upgrade: whether to apply missing migrations first.

    Raises:
        ValueError: for a database or a driver that is not supported, and for SQLite without a
            file, which only one connection could see.
        StoreUnavailable: when the database does not answer.
    """
    url = target.url if isinstance(target, Engine) else read_database_url(target)
    if url.get_backend_name() == "sqlite":
        return _in_file(url, upgrade)
    if not isinstance(target, Engine):
        return _in_server(open_engine(url), upgrade, owned=True)
    if url.drivername != POSTGRES:
        raise ValueError(f"an engine for {url.drivername} is not supported: make it for {POSTGRES}")
    forget_connections_in_children(target)
    replace_dropped_connections(target)
    return _in_server(target, upgrade, owned=False)


def upgrade_database(url: str | URL) -> None:
    """Apply missing migrations, and close all connections.

    Raises:
        ValueError: for a database or a driver that is not supported.
        StoreUnavailable: when the database does not answer.
    """
    with _migration_engine(url) as engine:
        upgrade_schema(engine)


def database_revision(url: str | URL) -> Revision:
    """Return the revision of the schema; change nothing and create no file.

    Raises:
        ValueError: for a database or a driver that is not supported.
        StoreUnavailable: when the database does not answer.
    """
    with _migration_engine(url) as engine:
        return schema_revision(engine)


@contextmanager
def _migration_engine(url: str | URL) -> Iterator[Engine]:
    engine = open_engine(url, busy_seconds=_MIGRATION_SECONDS)
    try:
        yield engine
    finally:
        engine.dispose()


def _in_file(url: URL, upgrade: bool) -> SqlSessionStore:
    if url.database in (None, "", ":memory:"):
        raise ValueError("other connections cannot see a database in memory: write sqlite://")
    if upgrade:
        upgrade_database(url)
    return SqlSessionStore(open_engine(url, busy_seconds=_LOCK_SECONDS))


def _in_server(engine: Engine, upgrade: bool, *, owned: bool) -> SqlSessionStore:
    if upgrade:
        upgrade_schema(engine)
    return SqlSessionStore(engine, owned=owned)
