"""What a trial found, and how long the trials are."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line of the table.

    Attributes:
        promise: what is promised.
        store: on which store it was tried.
        counts: what came of it.
        holds: whether that is what was promised; ``None`` where it could not be tried.
    """

    promise: str
    store: str
    counts: str
    holds: bool | None


@dataclass(frozen=True)
class Scale:
    """How much is done.

    Attributes:
        refreshes: of one token at once.
        crashes: processes killed between commit and answer.
        pairs: races of a logout against a refresh.
        revocations: whose arrival in another process is timed.
        processes: beside each other under mixed load.
        seconds: of mixed load.
        rotating: seconds in which the signing key is another one again and again.
        between: seconds between two of these rotations; for one less a key is published first.
        strangers: who ask about addresses, at each path that takes one.
        away: seconds for which a store is stopped, or PostgreSQL frozen.
        frozen: seconds for which Valkey is frozen.
    """

    refreshes: int = 1_000
    crashes: int = 200
    pairs: int = 500
    revocations: int = 300
    processes: int = 8
    seconds: float = 60.0
    rotating: float = 120.0
    between: float = 2.0
    strangers: int = 2_000
    away: float = 10.0
    frozen: float = 30.0


def told(counts: Counter[str]) -> str:
    """Return counts as a sentence, the largest first."""
    return (
        ", ".join(f"{number:,} times {name}" for name, number in counts.most_common()) or "nothing"
    )


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value below which this share of the values lies; 0 of none."""
    ordered: Sequence[float] = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
