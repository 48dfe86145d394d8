"""Names of the contestants and sample sizes, shared by all rows."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask

from bench.extension import FJE, WATCHWORD, Extension, extension
from bench.results import Row
from bench.timing import Pace

BARE = "bare route"
FLOOR = "by hand"


@dataclass(frozen=True)
class Question:
    """A row that has not been measured yet."""

    section: str
    label: str
    answer: Callable[[], Row]

    @property
    def name(self) -> str:
        """The name that selects the row on the command line."""
        return f"{self.section}: {self.label}"


@dataclass(frozen=True)
class Paces:
    """Sample sizes.

    Attributes:
        judged: for rows that have a target.
        informing: for rows that have none.
        slow: for operations that take milliseconds.
        imports: rounds of whole interpreters.
        served: for requests to servers.
        grown: sessions in the larger database.
    """

    judged: Pace
    informing: Pace
    slow: Pace
    imports: int
    served: Pace
    grown: int


THOROUGH = Paces(
    Pace(240, 30),
    Pace(80, 30),
    Pace(12, 4, warm_up=1, lead=1),
    21,
    Pace(25, 600, warm_up=2, lead=20),
    1_000_000,
)
QUICK = Paces(
    Pace(40, 20),
    Pace(16, 20),
    Pace(4, 2, warm_up=1, lead=1),
    5,
    Pace(5, 300, warm_up=1, lead=20),
    100_000,
)


def of_both(build: Callable[[Extension], Flask]) -> dict[str, Flask]:
    """Build the same application with either extension."""
    return {name: build(extension(name)) for name in (FJE, WATCHWORD)}
