from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from flask_watchword.accounts.store import UserStore
from flask_watchword.stores.memory import MemoryUserStore
from flask_watchword.stores.sql.engine import open_engine
from flask_watchword.stores.sql.schema import upgrade_schema
from flask_watchword.stores.sql.users import SqlUserStore


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
