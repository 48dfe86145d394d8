from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from flask_watchword.accounts.store import UserStore
from flask_watchword.sessions.store import SessionStore
from flask_watchword.stores.memory import MemoryUserStore
from flask_watchword.stores.memory_sessions import MemorySessionStore
from flask_watchword.stores.sql.engine import open_engine
from flask_watchword.stores.sql.schema import upgrade_schema
from flask_watchword.stores.sql.users import SqlUserStore

#: Opens one more store over the same place, as another worker would. A place that no other worker
#: can share gives the same store again.
OpenSessions = Callable[[], SessionStore]

# Each is the name of a fixture that is an OpenSessions over an empty place and closes what it has
# opened. What starts a server is marked so.
PLACES = ["memory_sessions"]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/store.db", busy_seconds=30.0)
    upgrade_schema(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["memory", "sqlite"])
def users(request: pytest.FixtureRequest) -> UserStore:
    if request.param == "memory":
        return MemoryUserStore()
    return SqlUserStore(request.getfixturevalue("engine"))


@pytest.fixture
def memory_sessions() -> OpenSessions:
    store = MemorySessionStore()
    return lambda: store


@pytest.fixture(params=PLACES)
def open_sessions(request: pytest.FixtureRequest) -> OpenSessions:
    place: OpenSessions = request.getfixturevalue(request.param)
    return place


@pytest.fixture
def store(open_sessions: OpenSessions) -> SessionStore:
    return open_sessions()
