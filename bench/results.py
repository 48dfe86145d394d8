"""The result of a benchmark row."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

TIMES = "\N{MULTIPLICATION SIGN}"
RATE = "/s"
"""The unit of what is counted per second."""


@dataclass(frozen=True)
class Spread:
    """The median of some values and the quartiles around it."""

    median: float
    lower: float
    upper: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Summarise at least two values."""
        lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, lower, upper)


class Measure(StrEnum):
    """Which value of a row its target applies to."""

    RATIO = "ratio"
    COST = "cost"


@dataclass(frozen=True)
class Target:
    """The largest allowed value, or the smallest where more is better."""

    limit: float
    measure: Measure = Measure.RATIO
    at_least: bool = False

    def is_met_by(self, number: float) -> bool:
        """Return whether a value meets the limit."""
        return number >= self.limit if self.at_least else number <= self.limit


@dataclass(frozen=True)
class Row:
    """One row and its results.

    Attributes:
        section: the table it belongs to.
        label: the measured operation.
        unit: the unit of the costs: µs, ms, or /s for rates, of which more is better.
        base: the contestant to which the ratios relate.
        costs: by contestant, the cost of one operation.
        ratios: by contestant, the median of the ratios of each round.
        judged: the contestant to which the target applies.
        target: none for rows without a target.
    """

    section: str
    label: str
    unit: str
    base: str
    costs: dict[str, Spread]
    ratios: dict[str, Spread]
    judged: str
    target: Target | None = None

    @property
    def verdict(self) -> bool | None:
        """Whether the target is met; `None` if there is none."""
        if self.target is None:
            return None
        found = self.ratios if self.target.measure is Measure.RATIO else self.costs
        return self.target.is_met_by(found[self.judged].median)


def compare(
    samples: dict[str, list[float]],
    *,
    section: str,
    label: str,
    base: str,
    judged: str,
    target: Target | None = None,
    unit: str = "µs",
) -> Row:
    """Create the row of interleaved samples.

    Each contestant is compared with the base round by round.
    """
    beside = samples[base]
    ratios = {
        name: Spread.of(
            [value / base_value for value, base_value in zip(values, beside, strict=True)]
        )
        for name, values in samples.items()
        if name != base
    }
    costs = {name: Spread.of(values) for name, values in samples.items()}
    return Row(section, label, unit, base, costs, ratios, judged, target)
