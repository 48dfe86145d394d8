"""What commands print: a table for people, lines for other programs, JSON where it is asked for.

With ``--json`` each line of standard output is one object, whether a command tells of one thing or
of many: so many of them need no memory, and a program reads them all alike.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print an object of JSON a line."
)

#: Seconds and dates as people read them.
_MOMENT = "%Y-%m-%d %H:%M:%S UTC"

Rows = Iterable[Sequence[str]]


def on_a_terminal() -> bool:
    """Tell whether a person reads the output."""
    return sys.stdout.isatty()


def print_object(members: Mapping[str, Any]) -> None:
    """Print an object of JSON on a line of its own."""
    click.echo(json.dumps(members))


def print_done(sentence: str, members: Mapping[str, Any], *, as_json: bool) -> None:
    """Say what was done: a sentence for people, an object for programs."""
    if as_json:
        print_object(members)
    else:
        click.echo(harmless(sentence))


def counted(number: int, name: str) -> str:
    """Return how many there are of what has a name, in words."""
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def shown(moment: float | None) -> str:
    """Return a moment in UTC, to the second; nothing for none, a number that is none as it is."""
    if moment is None:
        return ""
    try:
        return datetime.fromtimestamp(moment, UTC).strftime(_MOMENT)
    except (OverflowError, ValueError, OSError):
        # Somebody has altered it.
        return repr(moment)


def print_rows(columns: Sequence[str], rows: Rows) -> None:
    """Print a table on a terminal, and for other programs a line of fields with tabs between them.

    Args:
        columns: their names.
        rows: the cells. What a client sent may stand in them: no character of it does anything.
    """
    shown = ([harmless(cell) for cell in row] for row in rows)
    if not (on_a_terminal() and _print_table(columns, shown)):
        for row in shown:
            click.echo("\t".join(row))


def _print_table(columns: Sequence[str], rows: Rows) -> bool:
    try:
        # Here and not above: only the extra `service` brings it.
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ModuleNotFoundError:
        return False
    table = Table(*columns)
    for column in table.columns:
        column.overflow = "fold"  # or a path would be cut
    for row in rows:
        # Text, because a cell may hold what would count as markup.
        table.add_row(*map(Text, row))
    Console().print(table)
    return True


def harmless(text: str) -> str:
    """Return a text of which no character does anything, whoever has written it."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
