"""Output of commands: a table on a terminal, tab-separated lines in a pipe, JSON with ``--json``.

With ``--json`` each line of standard output is one object, for one result as for many: long output
is streamed, and a program reads both the same way.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object per line."
)

_TIME_FORMAT = "%Y-%m-%d %H:%M:%S UTC"

Rows = Iterable[Sequence[str]]


def is_terminal() -> bool:
    """Tell whether standard output is a terminal."""
    return sys.stdout.isatty()


def print_object(members: Mapping[str, Any]) -> None:
    """Print a JSON object on one line."""
    click.echo(json.dumps(members))


def print_outcome(sentence: str, members: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the outcome of a command: a sentence for people, an object for programs."""
    if as_json:
        print_object(members)
    else:
        click.echo(escape_unprintable(sentence))


def counted(number: int, name: str) -> str:
    """Return a number with a noun, in the plural where needed."""
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def format_time(timestamp: float | None) -> str:
    """Return a timestamp as UTC to the second; an empty string for ``None``."""
    if timestamp is None:
        return ""
    try:
        return datetime.fromtimestamp(timestamp, UTC).strftime(_TIME_FORMAT)
    except (OverflowError, ValueError, OSError):
        # Out of range: the row was altered. Show the number.
        return repr(timestamp)


def print_rows(columns: Sequence[str], rows: Rows) -> None:
    """Print a table on a terminal, and tab-separated fields line by line elsewhere.

    Args:
        columns: the names of the columns.
        rows: the cells. They may hold text that a client sent, so unprintable characters are
            escaped.
    """
    escaped = ([escape_unprintable(cell) for cell in row] for row in rows)
    if not (is_terminal() and _print_table(columns, escaped)):
        for row in escaped:
            click.echo("\t".join(row))


def _print_table(columns: Sequence[str], rows: Rows) -> bool:
    try:
        # Imported here because only the extra `service` installs it.
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ModuleNotFoundError:
        return False
    table = Table(*columns)
    for column in table.columns:
        column.overflow = "fold"  # do not truncate paths
    for row in rows:
        # Text, so that rich does not interpret the cell as markup.
        table.add_row(*map(Text, row))
    Console().print(table)
    return True


def escape_unprintable(text: str) -> str:
    """Return a text with control and other unprintable characters escaped.

    Untrusted text could otherwise move the terminal's cursor or forge a line of output.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
