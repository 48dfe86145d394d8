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
from tests.infra import valkey_places
from tests.memory_stores.users import MemoryUserStore
from tests.servers.postgres import new_database

valkey_sessions = valkey_places.valkey_sessions
valkey_cluster_sessions = valkey_places.valkey_cluster_sessions
redis_sessions = valkey_places.redis_sessions

#: Opens one more store over the same place, as another worker would. A place that no other worker
#: can share gives the same store again.
OpenSessions = Callable[[], SessionStore]

# Each is the name of a fixture that is an OpenSessions over an empty place and closes what it has
# opened. What starts a server is marked so.
PLACES = [
    "memory_sessions",
    "sqlite_sessions",
    pytest.param("postgres_sessions", marks=pytest.mark.server),
    *valkey_places.VALKEY_PLACES,
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
    """A database with our schema, which the tests use one after the other."""
    server = postgres_template.set(database="postgres")
    with new_database(server, f"watchword_{uuid4().hex}", str(postgres_template.database)) as url:
        # However busy the machine is, no test gives up on a lock that it would get.
        engine = open_engine(url, busy_seconds=30.0)
        yield engine
        engine.dispose()


@pytest.fixture
def postgres_engine(upgraded_database: Engine) -> Engine:
    """An engine for a database whose tables are there and empty."""
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


@pytest.fixture(params=PLACES)
def open_sessions(request: pytest.FixtureRequest) -> OpenSessions:
    place: OpenSessions = request.getfixturevalue(request.param)
    return place


@pytest.fixture
def store(open_sessions: OpenSessions) -> SessionStore:
    return open_sessions()
