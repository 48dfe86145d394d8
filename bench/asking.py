"""Measure the rows one after the other, with progress on stderr."""

import sys
import time
from collections.abc import Iterable, Iterator

from bench.contest import Question
from bench.results import Row


def ask(questions: Iterable[Question]) -> Iterator[Row]:
    """Measure each row."""
    for question in questions:
        start = time.perf_counter()
        print(f"{question.name} …", end="", file=sys.stderr, flush=True)
        row = question.answer()
        print(f" {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
        yield row
