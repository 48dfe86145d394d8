"""The cost of importing: whole interpreters, started one after the other."""

import subprocess
import sys
import time
from collections.abc import Iterator

from bench.contest import Paces, Question
from bench.extension import FJE, WATCHWORD
from bench.results import Row, Target, compare

SECTION = "Importing, whole interpreters"
LABEL = "import"
BASE = "Flask and PyJWT"
NOTHING = "Python alone"

_PROGRAMS = {
    NOTHING: "pass",
    BASE: "import flask, jwt",
    # As in an application: names of the package are imported on first use.
    FJE: "from flask_jwt_extended import JWTManager, jwt_required",
    WATCHWORD: "from flask_watchword import JWTManager, jwt_required",
}


def questions(paces: Paces) -> Iterator[Question]:
    """Return the single row."""
    yield Question(SECTION, LABEL, lambda: _answer(paces.imports))


def _answer(rounds: int) -> Row:
    """Start each program once a round, in rotating order, and compare their run times."""
    names = list(_PROGRAMS)
    samples: dict[str, list[float]] = {name: [] for name in names}
    for name in names:
        _lifetime(_PROGRAMS[name])  # writes the byte code that later starts read
    for number in range(rounds):
        first = number % len(names)
        for name in (*names[first:], *names[:first]):
            samples[name].append(_lifetime(_PROGRAMS[name]))
    return compare(
        samples,
        section=SECTION,
        label=LABEL,
        base=BASE,
        judged=WATCHWORD,
        target=Target(1.35),
        unit="ms",
    )


def _lifetime(program: str) -> float:
    start = time.perf_counter_ns()
    # Not shell input: this interpreter and one of the programs above.
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)  # noqa: S603
    return (time.perf_counter_ns() - start) / 1_000_000
