from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from sqlalchemy import URL, Engine

from flask_watchword.accounts.user_store import UserStore
from flask_watchword.infra.memory_sessions import MemorySessionStore
from flask_watchword.infra.sql.engine import open_engine, writing
from flask_watchword.infra.sql.factory import open_sql_sessions
from flask_watchword.infra.sql.sessions import SqlSessionStore
from flask_watchword.infra.sql.tables import metadata
from flask_watchword.infra.sql.users import SqlUserStore
from flask_watchword.sessions.store import SessionStore
from tests.infra import valkey_stores
from tests.memory_stores.users import MemoryUserStore
from tests.servers.postgres import new_database

valkey_sessions = valkey_stores.valkey_sessions
valkey_cluster_sessions = valkey_stores.valkey_cluster_sessions
redis_sessions = valkey_stores.redis_sessions

#: Opens another store with the same data, as another worker would. The in-memory store is returned
#: again, because workers cannot share it.
OpenSessions = Callable[[], SessionStore]

# Names of fixtures, each an OpenSessions for an empty store, which close what they have opened.
# Those that start a server are marked.
SESSION_STORES = [
    "memory_sessions",
    "sqlite_sessions",
    pytest.param("postgres_sessions", marks=pytest.mark.server),
    *valkey_stores.VALKEY_SESSIONS,
]


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url, busy_seconds=30.0)
    yield engine
    engine.dispose()


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.server)])
def users(request: pytest.FixtureRequest) -> UserStore:
    if request.param == "memory":
        return MemoryUserStore()
    engine = {"sqlite": "engine", "postgres": "postgres_engine"}[request.param]
    return SqlUserStore(request.getfixturevalue(engine))


@pytest.fixture
def memory_sessions() -> OpenSessions:
    store = MemorySessionStore()
    return lambda: store


@pytest.fixture
def sqlite_sessions(engine: Engine) -> Iterator[OpenSessions]:
    with opening(engine.url) as open_store:
        yield open_store


@contextmanager
def opening(url: URL) -> Iterator[OpenSessions]:
    opened: list[SqlSessionStore] = []

    def open_store() -> SqlSessionStore:
        opened.append(open_sql_sessions(url, upgrade=False))
        return opened[-1]

    yield open_store
    for store in opened:
        store.close()


@pytest.fixture(scope="session")
def upgraded_database(postgres_template: URL) -> Iterator[Engine]:
    """A database with the schema, which all tests use one after the other."""
    server = postgres_template.set(database="postgres")
    with new_database(server, f"watchword_{uuid4().hex}", str(postgres_template.database)) as url:
        # Long enough for a busy machine.
        engine = open_engine(url, busy_seconds=30.0)
        yield engine
        engine.dispose()


@pytest.fixture
def postgres_engine(upgraded_database: Engine) -> Engine:
    """An engine of a database with empty tables."""
    with writing(upgraded_database) as connection:
        for table in metadata.sorted_tables:
            connection.execute(table.delete())
    return upgraded_database


@pytest.fixture(params=["engine", pytest.param("postgres_engine", marks=pytest.mark.server)])
def any_engine(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(request.param)
    return engine


@pytest.fixture
def postgres_sessions(postgres_engine: Engine) -> Iterator[OpenSessions]:
    with opening(postgres_engine.url) as open_store:
        yield open_store


@pytest.fixture(params=SESSION_STORES)
def open_sessions(request: pytest.FixtureRequest) -> OpenSessions:
    open_store: OpenSessions = request.getfixturevalue(request.param)
    return open_store


@pytest.fixture
def store(open_sessions: OpenSessions) -> SessionStore:
    return open_sessions()
