"""Format the results as text and tables."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from bench.machine import Machine
from bench.results import RATE, TIMES, Measure, Row

REPRODUCE = "make bench"


@dataclass(frozen=True)
class Table:
    """The formatted rows of one section."""

    title: str
    head: list[str]
    lines: list[list[str]]


def tables(rows: Sequence[Row]) -> list[Table]:
    """Format the rows, one table per section, in the order of measurement."""
    return [_table(title, list(group)) for title, group in groupby(rows, lambda row: row.section)]


def _table(title: str, rows: list[Row]) -> Table:
    names = list(rows[0].costs)
    head = ["", *names, "quartiles", "target", ""]
    return Table(title, head, [_line(row, names) for row in rows])


def _line(row: Row, names: list[str]) -> list[str]:
    cells = [_cell(row, name) for name in names]
    return [row.label, *cells, _quartiles(row), _target(row), _verdict(row)]


def _cell(row: Row, name: str) -> str:
    cost = _cost(row.costs[name].median, row.unit)
    ratio = row.ratios.get(name)
    return cost if ratio is None else f"{cost}  {ratio.median:.2f}{TIMES}"


def _cost(number: float, unit: str) -> str:
    return f"{number:,.0f}{unit}" if unit == RATE else f"{number:.1f} {unit}"


def _quartiles(row: Row) -> str:
    """Return the quartiles of the judged value."""
    if row.target is not None and row.target.measure is Measure.COST:
        cost = row.costs[row.judged]
        return f"{cost.lower:.1f} to {cost.upper:.1f} {row.unit}"
    ratio = row.ratios[row.judged]
    return f"{ratio.lower:.2f} to {ratio.upper:.2f}{TIMES}"


def _target(row: Row) -> str:
    if row.target is None:
        return ""
    sign = "≥" if row.target.at_least else "≤"
    if row.target.measure is Measure.COST:
        return f"{sign} {row.target.limit:g} {row.unit}"
    return f"{sign} {row.target.limit:.2f}{TIMES}"


def _verdict(row: Row) -> str:
    return {True: "met", False: "MISSED", None: ""}[row.verdict]


def as_text(rows: Sequence[Row]) -> str:
    """Return the tables for a terminal, and the summary."""
    parts = [_text_table(table) for table in tables(rows)]
    return "\n\n".join([*parts, tally(rows)])


def _text_table(table: Table) -> str:
    lines = [table.head, *table.lines]
    widths = [max(len(line[column]) for line in lines) for column in range(len(table.head))]
    laid_out = [
        "  ".join(_justified(text, width, column) for column, (text, width) in enumerate(cells))
        for cells in (list(zip(line, widths, strict=True)) for line in lines)
    ]
    return "\n".join([table.title, *(f"  {line.rstrip()}" for line in laid_out)])


def _justified(text: str, width: int, column: int) -> str:
    return text.ljust(width) if column == 0 else text.rjust(width)


def tally(rows: Sequence[Row]) -> str:
    """Return how many targets are met, and which are not."""
    judged = [row for row in rows if row.verdict is not None]
    missed = [f"{row.section}: {row.label}" for row in judged if not row.verdict]
    count = f"{len(judged) - len(missed)} of {len(judged)} targets met."
    return "\n".join([count, *(f"  missed: {name}" for name in missed)])


def as_markdown(rows: Sequence[Row], machine: Machine) -> str:
    """Return the documentation page."""
    return "\n".join(_markdown(rows, machine)) + "\n"


def _markdown(rows: Sequence[Row], machine: Machine) -> Iterator[str]:
    yield from (
        "# Performance",
        "",
        f"Written by `{REPRODUCE}`. Run it to measure on your machine.",
        "",
    )
    yield _METHOD
    yield f"- {machine.processor}, {machine.cores} cores, load {machine.load} before the run"
    yield f"- {machine.python}; {_libraries(machine)}"
    yield f"- {machine.date}"
    for table in tables(rows):
        yield from ("", f"## {table.title}", "")
        yield from _markdown_table(table)
    first, *missed = tally(rows).splitlines()
    yield from ("", first)
    yield from (f"- {line.strip()}" for line in missed)


_METHOD = """\
Except for the tables about sessions and the service, everything runs in one process, without a server, in many small rounds in
which each contestant has its turn. A cost is the median over the rounds; a ratio is computed within each round first. The quartiles
are those of Watchword's number to which the target applies. “By hand” is a check written for one key and one policy, without options
or error messages: the lower bound. Times depend on the machine, ratios less. PyNaCl is hidden except in the rows that name it.

Sessions are measured over HTTP on the loopback interface, with a client in another process. Each contestant has a server (granian, one
worker, one thread) and a database of its own: SQLite in WAL mode with `synchronous=NORMAL`, PostgreSQL with `fsync` off. There, “by
hand” is a bare Flask view that runs the same compare-and-swap on the raw driver and signs the two tokens itself. Flask-JWT-Extended has
the blocklist of its documentation, a table with SQLAlchemy; a refresh adds the old token to it. For rates, more is better. Each response
is checked, and at the end a used and a revoked token must be rejected. How p99 grows is measured at the store, without Flask.

The service is measured as `watchword serve` starts it, with its access log and metrics; its log goes to a file. Its rivals run on granian
with two workers and one thread each. There, “by hand” is a bare Flask view that verifies and signs with the same library and runs the same
statements on the raw driver, without log, metrics, limits or error messages.

The service runs as `watchword serve`. For its logins, “by hand” is a bare Flask view with the same number of workers and clients that
verifies one hash and does nothing else.

![Cost of a protected request, compared with the same route unprotected](bench.svg)
"""


def _libraries(machine: Machine) -> str:
    return ", ".join(f"{name} {number}" for name, number in machine.libraries.items())


def _markdown_table(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(table.head)} |"
    yield "|".join(["", "---", *("---:" for _ in table.head[1:]), ""])
    for line in table.lines:
        yield f"| {' | '.join(_bold_if_missed(cell) for cell in line)} |"


def _bold_if_missed(cell: str) -> str:
    return "**missed**" if cell == "MISSED" else cell.replace("  ", " · ")


def as_json(rows: Sequence[Row], machine: Machine) -> dict[str, Any]:
    """Return all results as JSON."""
    return {
        "machine": asdict(machine),
        "rows": [{**asdict(row), "met": row.verdict} for row in rows],
    }
