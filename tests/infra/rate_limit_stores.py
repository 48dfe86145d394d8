"""Fixtures: an empty rate limit store of each kind for each test."""

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

#: Names of the fixtures. Each returns a function that opens the store, and that can be pickled.
RATE_LIMIT_STORES = [
    "memory_rate_limits",
    "sqlite_rate_limits",
    pytest.param("postgres_rate_limits", marks=pytest.mark.server),
    pytest.param("valkey_rate_limits", marks=pytest.mark.server),
    pytest.param("valkey_cluster_rate_limits", marks=pytest.mark.server),
]

OpenRateLimits = Callable[[], RateLimitStore]


class OwnEngine(SqlRateLimitStore):
    """A store that closes the connections of its engine."""

    def __init__(self, url: str) -> None:
        self._own = open_engine(url, busy_seconds=30.0)
        super().__init__(self._own)

    def close(self) -> None:
        self._own.dispose()


def close(store: RateLimitStore) -> None:
    if isinstance(store, OwnEngine | ValkeyRateLimitStore):
        store.close()


@pytest.fixture
def memory_rate_limits() -> OpenRateLimits:
    store = MemoryRateLimitStore()
    return lambda: store


@pytest.fixture
def sqlite_rate_limits(engine: Engine) -> OpenRateLimits:
    return partial(OwnEngine, engine.url.render_as_string(hide_password=False))


@pytest.fixture
def postgres_rate_limits(postgres_engine: Engine) -> OpenRateLimits:
    return partial(OwnEngine, postgres_engine.url.render_as_string(hide_password=False))


@pytest.fixture
def valkey_rate_limits(valkey_url: str) -> Iterator[OpenRateLimits]:
    with _in_valkey(valkey_url) as open_store:
        yield open_store


@pytest.fixture
def valkey_cluster_rate_limits(valkey_cluster_url: str) -> Iterator[OpenRateLimits]:
    with _in_valkey(valkey_cluster_url) as open_store:
        yield open_store


@contextmanager
def _in_valkey(url: str) -> Iterator[OpenRateLimits]:
    yield partial(ValkeyRateLimitStore.from_url, url, prefix=f"test-{uuid4().hex}")
