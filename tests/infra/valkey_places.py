"""Real servers for the session store in Valkey, a prefix of its own for each test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from flask_watchword.infra.valkey.sessions import ValkeySessionStore

#: The fixtures that are places for sessions, for the suite's list.
VALKEY_PLACES = [
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
    """Lend what opens stores over an empty place, and close them."""
    # Of its own, so that in a cluster the tests come to different nodes.
    prefix = f"test-{uuid4().hex}"
    opened: list[ValkeySessionStore] = []

    def open_store() -> ValkeySessionStore:
        opened.append(ValkeySessionStore.from_url(url, prefix=prefix))
        return opened[-1]

    yield open_store
    for store in opened:
        store.close()
