"""Refresh one token many times concurrently, from threads of several processes."""

import multiprocessing
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from flask_watchword.sessions.refresh import RefreshRejected, refresh
from flask_watchword.sessions.session import Lifetimes
from flask_watchword.sessions.store import SessionStore

THREADS = 8


@dataclass(frozen=True)
class Race:
    """The input of each racing process; it is pickled.

    Attributes:
        open_store: opens a store; each process opens its own.
        session_id: the session that all refresh.
        generation: the generation of the token that all have.
        now: the time of the refreshes, seconds since the epoch.
        lifetimes: the limits of the session.
        times: the number of refreshes by each process.
    """

    open_store: Callable[[], SessionStore]
    session_id: str
    generation: int
    now: float
    lifetimes: Lifetimes
    times: int


def run(race: Race) -> Counter[str]:
    """Refresh from threads of this process; return the count of each result.

    The results are ``first 2`` and ``again 2`` (with the new generation), and the codes of
    rejections.
    """
    store = race.open_store()
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            return Counter(pool.map(lambda _: _answer(store, race), range(race.times)))
    finally:
        store.close()


def run_in_processes(race: Race, processes: int) -> Counter[str]:
    """Refresh from threads of several processes; return the count of each result."""
    # Not forked: forking has its own tests.
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return sum(pool.map(run, [race] * processes), Counter())


def _answer(store: SessionStore, race: Race) -> str:
    try:
        outcome = refresh(store, race.session_id, race.generation, race.now, race.lifetimes)
    except RefreshRejected as refused:
        return refused.code
    return f"{'again' if outcome.repeated else 'first'} {outcome.session.generation}"
