"""Races on real databases: by threads, and by threads of several processes."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from sqlalchemy import Engine

from flask_watchword.sessions.refresh import RefreshRefused, refresh
from flask_watchword.sessions.session import REFRESH_REUSED, SIGNED_OUT, Lifetimes, new_session
from flask_watchword.stores.sql.opening import open_sql_sessions
from flask_watchword.stores.sql.sessions import SqlSessionStore
from tests.stores.racing import Race, run, run_in_processes

NOW = 1_700_000_000.0
LENIENT = Lifetimes(grace=10.0)
STRICT = Lifetimes(grace=0.0)
TIMES = 1_000
PROCESSES = 4


def prepared(engine: Engine, lifetimes: Lifetimes, times: int) -> tuple[SqlSessionStore, Race]:
    url = engine.url.render_as_string(hide_password=False)
    open_store = partial(open_sql_sessions, url, upgrade=False)
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
    with pytest.raises(RefreshRefused):
        refresh(store, race.session_id, 2, NOW + 61, STRICT)


def test_a_thousand_refreshes_by_threads_get_one_new_generation(any_engine: Engine) -> None:
    store, race = prepared(any_engine, LENIENT, TIMES)
    assert run(race) == {"first 2": 1, "again 2": TIMES - 1}
    check_lenient(store, race)
    store.close()


@pytest.mark.server
def test_a_thousand_refreshes_by_processes_get_one_new_generation(any_engine: Engine) -> None:
    store, race = prepared(any_engine, LENIENT, TIMES // PROCESSES)
    assert run_in_processes(race, PROCESSES) == {"first 2": 1, "again 2": TIMES - 1}
    check_lenient(store, race)
    store.close()


def test_without_grace_one_of_a_thousand_is_granted_and_the_session_ends(
    any_engine: Engine,
) -> None:
    store, race = prepared(any_engine, STRICT, TIMES)
    assert run(race) == {"first 2": 1, REFRESH_REUSED: TIMES - 1}
    check_strict(store, race)
    store.close()


@pytest.mark.server
def test_without_grace_one_of_a_thousand_from_processes_is_granted(any_engine: Engine) -> None:
    store, race = prepared(any_engine, STRICT, TIMES // PROCESSES)
    assert run_in_processes(race, PROCESSES) == {"first 2": 1, REFRESH_REUSED: TIMES - 1}
    check_strict(store, race)
    store.close()


def test_after_a_logout_that_raced_a_refresh_nothing_of_the_session_works(
    any_engine: Engine,
) -> None:
    url = any_engine.url.render_as_string(hide_password=False)
    leaving, staying = (open_sql_sessions(url, upgrade=False) for _ in range(2))
    together = Barrier(2)

    def log_out(session_id: str) -> bool:
        together.wait(30)
        return leaving.end(session_id, NOW, SIGNED_OUT, LENIENT) is not None

    def stay(session_id: str) -> str | int:
        together.wait(30)
        try:
            return refresh(staying, session_id, 1, NOW, LENIENT).session.generation
        except RefreshRefused as refused:
            return refused.code

    with ThreadPoolExecutor(2) as pool:
        for _ in range(100):
            session = new_session("ada", NOW, LENIENT)
            leaving.start(session, None, LENIENT)
            ended, stayed = pool.submit(log_out, session.id), pool.submit(stay, session.id)
            assert ended.result()
            assert stayed.result() in (2, "session_ended")
            for generation in (1, 2):
                with pytest.raises(RefreshRefused):
                    refresh(staying, session.id, generation, NOW, LENIENT)
    assert len(leaving.revocations(0, NOW).entries) == 100
    leaving.close()
    staying.close()
