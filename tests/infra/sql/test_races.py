"""Session races on real databases, between threads and between processes."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from sqlalchemy import Engine, text

from flask_watchword.infra.sql.engine import open_engine, transactions
from flask_watchword.infra.sql.factory import open_sql_sessions
from flask_watchword.infra.sql.sessions import SqlSessionStore
from flask_watchword.sessions.refresh import RefreshRejected, refresh
from flask_watchword.sessions.session import (
    REFRESH_REUSED,
    SIGNED_OUT,
    SIGNED_OUT_EVERYWHERE,
    Lifetimes,
    new_session,
)
from tests.infra.racing import Race, run, run_in_processes

NOW = 1_700_000_000.0
LENIENT = Lifetimes(grace=10.0)
STRICT = Lifetimes(grace=0.0)
TIMES = 1_000
PROCESSES = 4
STEP = 3


def open_patiently(url: str) -> SqlSessionStore:
    """Open a store with a timeout long enough for a busy machine."""
    if url.startswith("sqlite"):
        return open_sql_sessions(url, upgrade=False)
    return SqlSessionStore(open_engine(url, busy_seconds=30.0), owned=True)


def prepared(engine: Engine, lifetimes: Lifetimes, times: int) -> tuple[SqlSessionStore, Race]:
    url = engine.url.render_as_string(hide_password=False)
    open_store = partial(open_patiently, url)
    store = open_store()
    session = new_session("ada", NOW, lifetimes)
    store.start(session, None, lifetimes)
    return store, Race(open_store, session.id, 1, NOW + 60, lifetimes, times)


def check_lenient(store: SqlSessionStore, race: Race) -> None:
    session = store.get(race.session_id)
    assert session is not None
    assert (session.generation, session.ended_at) == (2, None)
    assert refresh(store, race.session_id, 2, NOW + 61, LENIENT).session.generation == 3
    assert list(store.revocations(0, NOW).entries) == []


def check_strict(store: SqlSessionStore, race: Race) -> None:
    session = store.get(race.session_id)
    assert session is not None
    assert (session.generation, session.end_reason) == (2, REFRESH_REUSED)
    assert [e.value for e in store.revocations(0, NOW).entries] == [race.session_id]
    with pytest.raises(RefreshRejected):
        refresh(store, race.session_id, 2, NOW + 61, STRICT)


def test_thousand_refreshes_by_threads_get_one_new_generation(any_engine: Engine) -> None:
    store, race = prepared(any_engine, LENIENT, TIMES)
    assert run(race) == {"first 2": 1, "again 2": TIMES - 1}
    check_lenient(store, race)
    store.close()


@pytest.mark.server
def test_thousand_refreshes_by_processes_get_one_new_generation(any_engine: Engine) -> None:
    store, race = prepared(any_engine, LENIENT, TIMES // PROCESSES)
    assert run_in_processes(race, PROCESSES) == {"first 2": 1, "again 2": TIMES - 1}
    check_lenient(store, race)
    store.close()


def test_without_grace_one_of_a_thousand_succeeds_and_the_session_ends(
    any_engine: Engine,
) -> None:
    store, race = prepared(any_engine, STRICT, TIMES)
    assert run(race) == {"first 2": 1, REFRESH_REUSED: TIMES - 1}
    check_strict(store, race)
    store.close()


@pytest.mark.server
def test_without_grace_one_of_a_thousand_from_processes_succeeds(any_engine: Engine) -> None:
    store, race = prepared(any_engine, STRICT, TIMES // PROCESSES)
    assert run_in_processes(race, PROCESSES) == {"first 2": 1, REFRESH_REUSED: TIMES - 1}
    check_strict(store, race)
    store.close()


def test_no_token_of_the_session_works_after_a_logout_that_races_a_refresh(
    any_engine: Engine,
) -> None:
    url = any_engine.url.render_as_string(hide_password=False)
    leaving, staying = (open_patiently(url) for _ in range(2))
    together = Barrier(2)

    def log_out(session_id: str) -> bool:
        together.wait(30)
        return leaving.end(session_id, NOW, SIGNED_OUT, LENIENT) is not None

    def stay(session_id: str) -> str | int:
        together.wait(30)
        try:
            return refresh(staying, session_id, 1, NOW, LENIENT).session.generation
        except RefreshRejected as refused:
            return refused.code

    with ThreadPoolExecutor(2) as pool:
        for _ in range(100):
            session = new_session("ada", NOW, LENIENT)
            leaving.start(session, None, LENIENT)
            ended, stayed = pool.submit(log_out, session.id), pool.submit(stay, session.id)
            assert ended.result()
            assert stayed.result() in (2, "session_ended")
            for generation in (1, 2):
                with pytest.raises(RefreshRejected):
                    refresh(staying, session.id, generation, NOW, LENIENT)
    assert len(leaving.revocations(0, NOW).entries) == 100
    leaving.close()
    staying.close()


def crowded(engine: Engine) -> SqlSessionStore:
    """A store with ten times as many sessions of one subject as one step ends."""
    store = SqlSessionStore(engine, owned=False)
    for _ in range(10 * STEP):
        store.start(new_session("grace", NOW, LENIENT), None, LENIENT)
    return store


def end_all(store: SqlSessionStore) -> int:
    """End every session; return the number of live ones after the call."""
    store.end_all("grace", NOW + 1, SIGNED_OUT_EVERYWHERE, LENIENT)
    return len(store.of_subject("grace", NOW + 1))


def wait_until_blocked(engine: Engine, number: int) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    give_up_at = time.monotonic() + 10
    with engine.connect() as connection:
        while connection.execute(waiting).scalar_one() < number:
            assert time.monotonic() < give_up_at
            time.sleep(0.005)


@pytest.mark.server
def test_ending_all_sessions_continues_when_others_end_a_part_of_a_step(
    postgres_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_watchword.infra.sql.sessions.MAX_ENDED_PER_CALL", STEP)
    store = crowded(postgres_engine)
    ending = text(
        "UPDATE watchword_sessions SET ended_at = 1 WHERE id = "
        "(SELECT id FROM watchword_sessions WHERE subject = 'grace' ORDER BY ctid LIMIT 1)"
    )
    with ThreadPoolExecutor(1) as pool:
        with transactions(postgres_engine).begin() as other:
            other.execute(ending)
            left = pool.submit(end_all, store)
            wait_until_blocked(postgres_engine, 1)
        assert left.result() == 0
    store.close()


@pytest.mark.server
def test_two_concurrent_calls_that_end_all_sessions_both_return_afterwards(
    postgres_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_watchword.infra.sql.sessions.MAX_ENDED_PER_CALL", STEP)
    store = crowded(postgres_engine)
    with ThreadPoolExecutor(2) as pool:
        with transactions(postgres_engine).begin() as other:
            store._feed.before_logging(other)
            left = [pool.submit(end_all, store) for _ in range(2)]
            wait_until_blocked(postgres_engine, 2)
        assert [one.result() for one in left] == [0, 0]
    store.close()


def test_ending_all_sessions_waits_for_a_login_and_ends_its_session(any_engine: Engine) -> None:
    store = open_patiently(any_engine.url.render_as_string(hide_password=False))
    session = new_session("ada", NOW, STRICT)
    with ThreadPoolExecutor() as pool:
        with transactions(any_engine).begin() as connection:
            store.start_in(connection, session, None, STRICT)
            ending = pool.submit(store.end_all, "ada", NOW, SIGNED_OUT_EVERYWHERE, STRICT)
            with pytest.raises(TimeoutError):
                ending.result(timeout=0.2)
        assert [one.id for one in ending.result()] == [session.id]
    store.close()
