"""Time several contestants side by side, in many small rounds."""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Samples = dict[str, list[float]]
"""By contestant, the mean microseconds of one operation in each round."""


@dataclass(frozen=True)
class Contestant:
    """One way to do the work of a row.

    `prepare` creates the inputs of a round and is not timed; `run` processes them and is timed;
    `check` verifies, untimed, that the work was really done, and raises if it was not.
    """

    name: str
    prepare: Callable[[int], Sequence[Any]]
    run: Callable[[Sequence[Any]], object]
    check: Callable[[], None]


@dataclass(frozen=True)
class Pace:
    """The number of timed rounds, of untimed rounds before them, and the size of each batch.

    The first `lead` operations of a batch are not timed: they refill the caches that the previous
    contestant has evicted.
    """

    rounds: int
    batch: int
    warm_up: int = 10
    lead: int = 6

    @property
    def inputs(self) -> int:
        """Inputs of one round."""
        return self.lead + self.batch

    @property
    def all_rounds(self) -> int:
        """Rounds that need inputs, including the untimed ones."""
        return self.warm_up + self.rounds


def interleave(contestants: Sequence[Contestant], pace: Pace) -> Samples:
    """Run A B C, B C A, C A B, … and return the times of every contestant in every round.

    Drift (clock speed, other load) affects all contestants of a round alike, and no contestant
    always follows the same other one.
    """
    samples: Samples = {contestant.name: [] for contestant in contestants}
    with _collector_held():
        for number in range(pace.all_rounds):
            first = number % len(contestants)
            for contestant in (*contestants[first:], *contestants[:first]):
                taken = _time_batch(contestant, number, pace)
                if number >= pace.warm_up:
                    samples[contestant.name].append(taken)
    return samples


def _time_batch(contestant: Contestant, number: int, pace: Pace) -> float:
    inputs = contestant.prepare(number)
    lead, batch = inputs[: pace.lead], inputs[pace.lead :]
    run = contestant.run
    # Batches leave only youngest-generation garbage; a full collection would evict the processor's
    # caches as well.
    gc.collect(0)
    run(lead)
    start = time.perf_counter_ns()
    run(batch)
    taken = time.perf_counter_ns() - start
    contestant.check()
    return taken / len(batch) / 1000


@contextmanager
def _collector_held() -> Iterator[None]:
    """Collect garbage between batches and never inside one; existing objects are frozen."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
