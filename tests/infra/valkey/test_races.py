"""A thousand concurrent refreshes of one token, on real servers."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from uuid import uuid4

import pytest

from flask_watchword.infra.valkey.sessions import ValkeySessionStore
from flask_watchword.sessions.session import REFRESH_REUSED, SIGNED_OUT, Lifetimes, new_session
from tests.infra.racing import Race, run, run_in_processes

pytestmark = pytest.mark.server

NOW = 1_700_000_000.25
LIVES = Lifetimes()
STRICT = replace(LIVES, grace=0.0)
TIMES = 1_000
PROCESSES = 4
PAIRS = 500

Runner = Callable[[Race], Counter[str]]


def in_threads(race: Race) -> Counter[str]:
    return run(replace(race, times=TIMES))


def in_processes(race: Race) -> Counter[str]:
    return run_in_processes(replace(race, times=TIMES // PROCESSES), PROCESSES)


runners = pytest.mark.parametrize("runner", [in_threads, in_processes])


@pytest.fixture(params=["valkey_url", "valkey_cluster_url"])
def race(request: pytest.FixtureRequest) -> Race:
    url = request.getfixturevalue(request.param)
    open_store = partial(ValkeySessionStore.from_url, url, prefix=f"test-{uuid4().hex}")
    session = new_session("ada", NOW, LIVES)
    store = open_store()
    store.start(session, None, LIVES)
    store.close()
    return Race(open_store, session.id, 1, NOW + 60, LIVES, 0)


@runners
def test_each_of_a_thousand_refreshes_gets_the_one_new_generation(
    race: Race, runner: Runner
) -> None:
    assert runner(race) == {"first 2": 1, "again 2": TIMES - 1}
    store = race.open_store()
    session = store.get(race.session_id)
    assert session is not None
    assert (session.generation, session.ended_at) == (2, None)
    assert list(store.revocations(0, race.now).entries) == []
    store.close()


@runners
def test_without_grace_one_of_a_thousand_succeeds_and_the_session_is_revoked(
    race: Race, runner: Runner
) -> None:
    assert runner(replace(race, lifetimes=STRICT)) == {"first 2": 1, REFRESH_REUSED: TIMES - 1}
    store = race.open_store()
    session = store.get(race.session_id)
    assert session is not None
    assert (session.generation, session.end_reason) == (2, REFRESH_REUSED)
    assert [e.value for e in store.revocations(0, race.now).entries] == [race.session_id]
    store.close()


def test_no_token_of_the_session_works_after_a_logout_that_races_a_refresh(race: Race) -> None:
    store = race.open_store()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(PAIRS):
            session = new_session("ada", NOW, LIVES)
            store.start(session, None, LIVES)
            rotating = pool.submit(store.rotate, session.id, 1, NOW, LIVES)
            ending = pool.submit(store.end, session.id, NOW, SIGNED_OUT, LIVES)
            assert ending.result() is not None
            # The logout has returned; the refresh may still be in progress.
            assert store.rotate(session.id, 1, NOW, LIVES) is None
            assert store.rotate(session.id, 2, NOW, LIVES) is None
            rotating.result()
            kept = store.get(session.id)
            assert kept is not None
            assert kept.end_reason == SIGNED_OUT
            assert len(store.find_revocations(session.id, None, None)) == 1
    store.close()
