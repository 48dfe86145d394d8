"""Run the trials of the session guarantees on each store and print the counts: `python -m soak`."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.machine import this_machine
from soak import (
    crashes,
    enumeration,
    full_disk,
    keys,
    load,
    logouts,
    nodes,
    outages,
    races,
    replays,
    visibility,
)
from soak.findings import Finding, Scale
from soak.places import PLACES, Place
from soak.report import as_markdown, as_text

_Trial = Callable[[Place, Scale], Iterator[Finding]]
_TRIALS: dict[str, _Trial] = {
    "races": races.trial,
    "replays": replays.trial,
    "crashes": crashes.trial,
    "logouts": logouts.trial,
    "visibility": visibility.trial,
    "nodes": nodes.trial,
    "outages": outages.trial,
    "load": load.trial,
    "keys": keys.trial,
    "enumeration": enumeration.trial,
    "full disk": full_disk.trial,
}


def main() -> None:
    """Run the trials; exit with 1 if a guarantee was violated."""
    arguments = _arguments()
    began, machine = time.perf_counter(), this_machine()
    findings = []
    for finding in _found(Scale(seconds=arguments.seconds), arguments.only):
        print(as_text(finding), flush=True)
        findings.append(finding)
    if not findings:
        sys.exit(f"No trial and no store has {arguments.only!r} in its name.")
    print(f"{time.perf_counter() - began:.0f} seconds in all", file=sys.stderr)
    if not arguments.only and arguments.seconds >= Scale().seconds:
        arguments.docs.write_text(as_markdown(findings, machine), encoding="utf-8")
    if any(finding.holds is False for finding in findings):
        sys.exit(1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    names = ", ".join(f"{name!r}" for name in _TRIALS)
    parser.add_argument(
        "--only",
        default="",
        metavar="TEXT",
        help=f"what has this in 'store: trial'; stores are {', '.join(PLACES)}, trials {names}",
    )
    parser.add_argument(
        "--seconds", type=float, default=Scale().seconds, help="of mixed load on SQLite (60)"
    )
    parser.add_argument(
        "--docs",
        type=Path,
        default=Path("docs", "explanation", "reliability.md"),
        metavar="FILE",
        help="where a whole run writes its counts (docs/explanation/reliability.md)",
    )
    return parser.parse_args()


def _found(scale: Scale, only: str) -> Iterator[Finding]:
    for store, open_place in PLACES.items():
        for name, trial in _TRIALS.items():
            if only.lower() in f"{store}: {name}".lower():
                # A separate store for each trial, so that they cannot affect each other.
                with open_place() as place:
                    yield from trial(place, scale)


if __name__ == "__main__":
    main()
