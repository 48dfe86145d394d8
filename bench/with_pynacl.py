"""The rows that depend on PyNaCl, from a separate process in which `import nacl` works."""

import subprocess
import sys
from collections.abc import Iterator

import msgspec

from bench import protected, pynacl, served, service
from bench.asking import ask
from bench.contest import QUICK, THOROUGH
from bench.results import Row

_LONGEST_RUN = 1_800
"""Seconds."""


def measure(*, quick: bool, only: str) -> list[Row]:
    """Measure in a child process and return its rows; none where PyNaCl is not installed."""
    pace = "quick" if quick else "thorough"
    # Not shell input: this interpreter and a part of this benchmark.
    child = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "bench.with_pynacl", pace, only],
        stdout=subprocess.PIPE,
        check=True,
        timeout=_LONGEST_RUN,
    )
    return msgspec.json.decode(child.stdout, type=list[Row])


def _rows(pace: str, only: str) -> Iterator[Row]:
    if not pynacl.is_importable():
        print("PyNaCl is not installed: its rows are left out", file=sys.stderr)
        return
    paces = QUICK if pace == "quick" else THOROUGH
    questions = (
        *protected.questions_with_pynacl(paces),
        *service.questions(paces),
        *served.questions(paces),
    )
    yield from ask(question for question in questions if only in question.name)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(list(_rows(*sys.argv[1:]))))
