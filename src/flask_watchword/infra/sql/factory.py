"""Opening the sessions of a database, by a URL or by an engine of the application's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Engine

from flask_watchword.infra.database_url import POSTGRES, read_database_url
from flask_watchword.infra.sql.engine import open_engine
from flask_watchword.infra.sql.fork_safety import forget_connections_in_children
from flask_watchword.infra.sql.postgres import replace_dropped_connections
from flask_watchword.infra.sql.schema import Revision, schema_revision, upgrade_schema
from flask_watchword.infra.sql.sessions import SqlSessionStore

#: Seconds that SQLite itself waits for the write lock, before we try again. It sleeps the longer
#: the longer it has waited, so of many writers one would wait for seconds while others pass it by.
_SLICE = 0.05

#: Seconds another worker may take for the migrations.
_MIGRATION_SECONDS = 60.0


def open_sql_sessions(target: str | URL | Engine, *, upgrade: bool = True) -> SqlSessionStore:
    """Open the sessions of a database.

    An engine for PostgreSQL is used as it is, with its pool and its time-outs; from now on its pool
    lends nobody a connection that the server has dropped meanwhile. Of one for SQLite
    the file alone is used, by connections of our own: the application's begin their transactions
    in another way.

    Args:
        target: ``sqlite:///file``, ``postgresql://…``, or the application's own engine.
        upgrade: whether to apply the migrations that are missing first.

    Raises:
        ValueError: for a database or a driver that is not supported, and for SQLite without a
            file, which no other connection could see.
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
    """Apply the migrations that are missing, and leave no connection open.

    Raises:
        ValueError: for a database or a driver that is not supported.
        StoreUnavailable: when the database does not answer.
    """
    with _patient_engine(url) as engine:
        upgrade_schema(engine)


def database_revision(url: str | URL) -> Revision:
    """Return where the schema of a database stands; nothing is changed, and no file is made.

    Raises:
        ValueError: for a database or a driver that is not supported.
        StoreUnavailable: when the database does not answer.
    """
    with _patient_engine(url) as engine:
        return schema_revision(engine)


@contextmanager
def _patient_engine(url: str | URL) -> Iterator[Engine]:
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
    return SqlSessionStore(open_engine(url, busy_seconds=_SLICE))


def _in_server(engine: Engine, upgrade: bool, *, owned: bool) -> SqlSessionStore:
    if upgrade:
        upgrade_schema(engine)
    return SqlSessionStore(engine, owned=owned)
