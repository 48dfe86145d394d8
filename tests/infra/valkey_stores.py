"""Fixtures: session stores on real Valkey servers, with a different prefix for each test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from flask_watchword.infra.valkey.sessions import ValkeySessionStore

#: Names of the fixtures.
VALKEY_SESSIONS = [
    pytest.param("valkey_sessions", marks=pytest.mark.server),
    pytest.param("valkey_cluster_sessions", marks=pytest.mark.server),
    pytest.param("redis_sessions", marks=pytest.mark.server),
]

OpenValkeySessions = Callable[[], ValkeySessionStore]


@pytest.fixture
def valkey_sessions(valkey_url: str) -> Iterator[OpenValkeySessions]:
    with opening(valkey_url) as open_store:
        yield open_store


@pytest.fixture
def valkey_cluster_sessions(valkey_cluster_url: str) -> Iterator[OpenValkeySessions]:
    with opening(valkey_cluster_url) as open_store:
        yield open_store


@pytest.fixture
def redis_sessions(redis_url: str) -> Iterator[OpenValkeySessions]:
    with opening(redis_url) as open_store:
        yield open_store


@contextmanager
def opening(url: str) -> Iterator[OpenValkeySessions]:
    """Yield a function that opens stores with an empty prefix, and close them afterwards."""
    # A random prefix, so that the tests use different nodes of a cluster.
    prefix = f"test-{uuid4().hex}"
    opened: list[ValkeySessionStore] = []

    def open_store() -> ValkeySessionStore:
        opened.append(ValkeySessionStore.from_url(url, prefix=prefix))
        return opened[-1]

    yield open_store
    for store in opened:
        store.close()
