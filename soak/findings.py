"""The results of a trial, and the size of the trials."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line of the table.

    Attributes:
        promise: the guarantee.
        store: the tested store.
        counts: the counted outcomes.
        holds: whether the guarantee held; ``None`` if it could not be tested.
    """

    promise: str
    store: str
    counts: str
    holds: bool | None


@dataclass(frozen=True)
class Scale:
    """The size of the trials.

    Attributes:
        refreshes: concurrent refreshes of one token.
        crashes: processes killed between commit and response.
        pairs: races of a logout against a refresh.
        revocations: revocations whose visibility in another process is timed.
        processes: concurrent processes under mixed load.
        seconds: duration of the mixed load.
        rotating: duration of the repeated key rotation, in seconds.
        between: seconds between two of these rotations; a key is published one rotation
            earlier.
        strangers: requests about addresses, at each path that takes one.
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


def summary(counts: Counter[str]) -> str:
    """Return counts as a sentence, the largest first."""
    return (
        ", ".join(f"{number:,} times {name}" for name, number in counts.most_common()) or "nothing"
    )


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value below which this share of the values lies; 0 for no values."""
    ordered: Sequence[float] = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
