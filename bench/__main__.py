"""Run all measurements and print them beside their targets: `python -m bench`."""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import (
    ablation,
    created,
    growth,
    imports,
    keyring,
    loaders,
    picture,
    protected,
    pynacl,
    refused,
    report,
    served,
    service,
    sessions,
    with_pynacl,
)
from bench.asking import ask
from bench.contest import QUICK, THOROUGH, Paces, Question
from bench.machine import Machine, this_machine
from bench.results import Row


def main() -> None:
    """Run the benchmark; a missed target is reported and is not a failure."""
    arguments = _arguments()
    start = time.perf_counter()
    machine = this_machine()
    if machine.is_busy:
        print(f"The machine is busy (load {machine.load}): expect noise.", file=sys.stderr)
    rows = _measure(quick=arguments.quick, only=arguments.only)
    if not rows:
        sys.exit(f"No row has {arguments.only!r} in its name.")
    print(report.as_text(rows))
    if arguments.json is not None:
        found = report.as_json(rows, machine)
        arguments.json.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    if not (arguments.quick or arguments.only):
        _write_docs(arguments.docs, rows, machine)
    print(f"{time.perf_counter() - start:.0f} seconds in all", file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds: an idea, no evidence")
    parser.add_argument("--only", default="", metavar="TEXT", help="rows whose name has this in it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument(
        "--docs",
        type=Path,
        default=Path("docs", "explanation"),
        metavar="DIRECTORY",
        help="where a whole run writes bench.md and bench.svg (docs/explanation)",
    )
    return parser.parse_args()


def _measure(*, quick: bool, only: str) -> list[Row]:
    # Before any contestant is imported: the bare extension is measured without its extras.
    pynacl.hide()
    paces = QUICK if quick else THOROUGH
    wanted = (question for question in _questions(paces) if only in question.name)
    rows = [*ask(wanted), *with_pynacl.measure(quick=quick, only=only)]
    order = list(dict.fromkeys(question.section for question in _all_questions(paces)))
    return sorted(rows, key=lambda row: order.index(row.section))


_MODULES = (protected, ablation, keyring, loaders, refused, created, sessions, growth, imports)


def _questions(paces: Paces) -> Iterator[Question]:
    for module in _MODULES:
        yield from module.questions(paces)


def _all_questions(paces: Paces) -> Iterator[Question]:
    # The rows of the service come from the process that has PyNaCl.
    yield from _questions(paces)
    yield from service.questions(paces)
    yield from served.questions(paces)


def _write_docs(directory: Path, rows: Sequence[Row], machine: Machine) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    page = report.as_markdown(rows, machine)
    (directory / "bench.md").write_text(page, "utf-8")
    caption = f"{machine.processor}, {machine.python}, {machine.date}"
    drawing = picture.draw([row for row in rows if protected.is_drawn(row)], caption)
    (directory / "bench.svg").write_text(drawing, "utf-8")


if __name__ == "__main__":
    main()
