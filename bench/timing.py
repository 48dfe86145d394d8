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
    """One way of doing the work of a row.

    `prepare` makes the inputs of a round and is not timed; `run` works them off and is;
    `check` asks, untimed, whether the work was really done, and raises if it was not.
    """

    name: str
    prepare: Callable[[int], Sequence[Any]]
    run: Callable[[Sequence[Any]], object]
    check: Callable[[], None]


@dataclass(frozen=True)
class Pace:
    """How many rounds are timed, how many precede them untimed, and the size of each batch.

    The first `lead` operations of a batch are not timed: they pay for the caches that the
    contestant before has emptied.
    """

    rounds: int
    batch: int
    warm_up: int = 10
    lead: int = 6

    @property
    def inputs(self) -> int:
        """Inputs one round takes."""
        return self.lead + self.batch

    @property
    def all_rounds(self) -> int:
        """Rounds that will ask for inputs, the untimed ones included."""
        return self.warm_up + self.rounds


def interleave(contestants: Sequence[Contestant], pace: Pace) -> Samples:
    """Run A B C, B C A, C A B, … and return what every contestant took in every round.

    Whatever drifts (clock speed, neighbours) hits all contestants of a round alike, and no
    contestant always follows the same other one.
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
    # The youngest generation is all that batches leave behind; a full sweep would empty the
    # processor's caches as well.
    gc.collect(0)
    run(lead)
    start = time.perf_counter_ns()
    run(batch)
    taken = time.perf_counter_ns() - start
    contestant.check()
    return taken / len(batch) / 1000


@contextmanager
def _collector_held() -> Iterator[None]:
    """Collect garbage between batches and never inside one; what lives already is set aside."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
