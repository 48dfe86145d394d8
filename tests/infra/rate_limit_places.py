"""Places where tries are counted: an empty one for each test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from flask_watchword.accounts.rate_limits import RateLimitStore
from flask_watchword.infra.sql.engine import open_engine
from flask_watchword.infra.sql.rate_limits import SqlRateLimitStore
from flask_watchword.infra.valkey.rate_limits import ValkeyRateLimitStore
from tests.memory_stores.rate_limits import MemoryRateLimitStore

#: The fixtures that are places; each lends what opens a store there, which crosses to a process.
THROTTLE_PLACES = [
    "memory_throttle",
    "sqlite_throttle",
    pytest.param("postgres_throttle", marks=pytest.mark.server),
    pytest.param("valkey_throttle", marks=pytest.mark.server),
    pytest.param("valkey_cluster_throttle", marks=pytest.mark.server),
]

OpenThrottle = Callable[[], RateLimitStore]


class OwnEngine(SqlRateLimitStore):
    """A store that gives back the connections of its engine."""

    def __init__(self, url: str) -> None:
        self._own = open_engine(url, busy_seconds=30.0)
        super().__init__(self._own)

    def close(self) -> None:
        self._own.dispose()


def close(store: RateLimitStore) -> None:
    if isinstance(store, OwnEngine | ValkeyRateLimitStore):
        store.close()


@pytest.fixture
def memory_throttle() -> OpenThrottle:
    store = MemoryRateLimitStore()
    return lambda: store


@pytest.fixture
def sqlite_throttle(engine: Engine) -> OpenThrottle:
    return partial(OwnEngine, engine.url.render_as_string(hide_password=False))


@pytest.fixture
def postgres_throttle(postgres_engine: Engine) -> OpenThrottle:
    return partial(OwnEngine, postgres_engine.url.render_as_string(hide_password=False))


@pytest.fixture
def valkey_throttle(valkey_url: str) -> Iterator[OpenThrottle]:
    with _in_valkey(valkey_url) as place:
        yield place


@pytest.fixture
def valkey_cluster_throttle(valkey_cluster_url: str) -> Iterator[OpenThrottle]:
    with _in_valkey(valkey_cluster_url) as place:
        yield place


@contextmanager
def _in_valkey(url: str) -> Iterator[OpenThrottle]:
    yield partial(ValkeyRateLimitStore.from_url, url, prefix=f"test-{uuid4().hex}")
