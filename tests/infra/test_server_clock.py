"""Commands in the buffer of a frozen server when it resumes, and clocks that differ."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from flask_watchword.accounts.rate_limits import Hit
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.factory import open_session_store, upgrade_database
from flask_watchword.infra.server_clock import ServerClock
from flask_watchword.infra.valkey.rate_limits import ValkeyRateLimitStore
from flask_watchword.sessions.refresh import refresh
from flask_watchword.sessions.session import Lifetimes, new_session
from flask_watchword.sessions.store import SessionStore
from tests.servers.postgres import PostgresServer, running_postgres
from tests.servers.valkey import ValkeyServer, running_valkey, wait_until

NOW = 1_800_000_000.0
LIVES = Lifetimes(access=900.0, idle=3_600.0, absolute=86_400.0, grace=10.0)

Frozen = tuple[PostgresServer | ValkeyServer, SessionStore]


@pytest.fixture(params=["postgres", "valkey"])
def place(request: pytest.FixtureRequest) -> Iterator[Frozen]:
    if request.param == "valkey":
        with running_valkey() as valkey:
            store = open_session_store(valkey.url)
            yield valkey, store
            store.close()
        return
    with running_postgres() as postgres:
        url = postgres.url.render_as_string(hide_password=False)
        upgrade_database(url)
        store = open_session_store(url)
        yield postgres, store
        store.close()


def started(store: SessionStore) -> str:
    session = new_session("ada", NOW, LIVES)
    store.start(session, None, LIVES)
    return session.id


def answers(store: SessionStore, session_id: str) -> bool:
    try:
        return store.get(session_id) is not None
    except StoreUnavailable:
        return False


@pytest.mark.server
def test_refresh_in_the_buffer_of_a_frozen_server_is_not_executed(
    place: Frozen,
) -> None:
    server, store = place
    sessions = [started(store) for _ in range(8)]
    with ThreadPoolExecutor(len(sessions)) as clients:
        # Each has a used connection, over which its refresh is sent.
        assert all(clients.map(lambda one: refresh(store, one, 1, NOW, LIVES), sessions))
        with server.frozen():
            asked = [clients.submit(refresh, store, one, 2, NOW, LIVES) for one in sessions]
            for answer in asked:
                with pytest.raises(StoreUnavailable):
                    answer.result(30)
    wait_until(lambda: answers(store, sessions[0]))
    # After the grace period, within which an executed refresh could be repeated.
    for session_id in sessions:
        assert refresh(store, session_id, 2, NOW + 60, LIVES).session.generation == 3


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    with running_valkey() as server:
        yield server


@pytest.mark.server
def test_login_in_the_buffer_of_a_frozen_valkey_ends_no_session(
    valkey: ValkeyServer,
) -> None:
    store = open_session_store(valkey.url)
    session_id = started(store)
    with valkey.frozen(), pytest.raises(StoreUnavailable):
        store.start(new_session("ada", NOW + 1, LIVES), 1, LIVES)
    wait_until(lambda: answers(store, session_id))
    assert [session.id for session in store.of_subject("ada", NOW + 1)] == [session_id]
    store.close()


@pytest.mark.server
def test_attempt_in_the_buffer_of_a_frozen_valkey_is_not_counted(
    valkey: ValkeyServer,
) -> None:
    throttle = ValkeyRateLimitStore.from_url(valkey.url)
    once = [Hit("ada", interval=60_000_000, depth=60_000_000)]
    now = int(NOW) * 1_000_000
    assert throttle.consume([Hit("bob", interval=1, depth=1)], now) == 0
    with valkey.frozen(), pytest.raises(StoreUnavailable):
        throttle.consume(once, now)
    wait_until(lambda: remembers(throttle))
    assert throttle.consume(once, now) == 0
    assert throttle.consume(once, now) > 0
    throttle.close()


def remembers(throttle: ValkeyRateLimitStore) -> bool:
    try:
        return not throttle.remembers("nothing", 0)
    except StoreUnavailable:
        return False


@pytest.mark.server
def test_changed_server_clock_rejects_no_refresh(
    place: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, store = place
    session_id = started(store)
    assert refresh(store, session_id, 1, NOW, LIVES).session.generation == 2
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() - 30.0)
    assert refresh(store, session_id, 2, NOW, LIVES).session.generation == 3


def test_deadline_uses_the_clock_of_the_server_and_the_estimate_expires(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: here)
    clock = ServerClock(2.0)
    assert clock.deadline() is None
    assert clock.update(5_000.0) == 5_002.0
    here += 30
    assert clock.deadline() == 5_032.0
    here += 30
    assert clock.deadline() is None
