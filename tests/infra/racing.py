"""Refreshing one token many times at once, by threads of several processes."""

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
    """What each of the racing processes is given; it crosses to them by pickling.

    Attributes:
        open_store: opens a store; each process opens its own.
        session_id: of the session all refresh.
        generation: of the token all have.
        now: when they do, seconds since the epoch.
        lifetimes: what the session is held to.
        times: how often each process does.
    """

    open_store: Callable[[], SessionStore]
    session_id: str
    generation: int
    now: float
    lifetimes: Lifetimes
    times: int


def run(race: Race) -> Counter[str]:
    """Refresh from threads of this process; return how often which answer came.

    The answers are ``first 2`` and ``again 2`` (with the generation that was granted), and the
    codes of refusals.
    """
    store = race.open_store()
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            return Counter(pool.map(lambda _: _answer(store, race), range(race.times)))
    finally:
        store.close()


def run_in_processes(race: Race, processes: int) -> Counter[str]:
    """Refresh from threads of several processes; return how often which answer came."""
    # Not forked: what a fork does to a store is a test of its own.
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return sum(pool.map(run, [race] * processes), Counter())


def _answer(store: SessionStore, race: Race) -> str:
    try:
        outcome = refresh(store, race.session_id, race.generation, race.now, race.lifetimes)
    except RefreshRejected as refused:
        return refused.code
    return f"{'again' if outcome.repeated else 'first'} {outcome.session.generation}"
