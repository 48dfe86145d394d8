"""Show keys: a table on a terminal, tab-separated lines for other programs, or JSON."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flask_watchword.keys.ring import standing
from flask_watchword.keys.store import StoredKey, StoredKeyring

_NONE = "There are no keys yet. The service makes one when it starts."


def show_keys(stored: StoredKeyring, now: float, *, as_json: bool) -> None:
    """Print every key with its state, those that matter most first."""
    rows = standing(stored, now)
    if as_json:
        click.echo(json.dumps([_members(key, state) for key, state in rows]))
    elif on_a_terminal():
        Console().print(_table(rows) if rows else _NONE)
    else:
        for key, state in rows:
            click.echo("\t".join(_cells(key, state)))


def on_a_terminal() -> bool:
    """Tell whether a person reads the output."""
    return sys.stdout.isatty()


def shown(moment: float | None) -> str:
    """Return a moment in UTC, to the second; nothing for none."""
    return "" if moment is None else f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _members(key: StoredKey, state: str) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "state": state,
        "algorithm": key.algorithm,
        "published_at": key.published_at,
        "active_from": key.active_from,
        "verify_until": key.verify_until,
        "revoked_at": key.revoked_at,
    }


def _cells(key: StoredKey, state: str) -> Sequence[str]:
    moments = (key.published_at, key.active_from, key.verify_until)
    return [key.kid, state, key.algorithm, *map(shown, moments)]


def _table(rows: Sequence[tuple[StoredKey, str]]) -> Table:
    # The name is what the other commands are given, so it is never cut.
    table = Table("Key", "State", "Algorithm", "Published", "Signs from", "Verifies until")
    table.columns[0].overflow = "fold"
    for key, state in rows:
        # Text, because the name of an imported key may hold what would count as markup.
        table.add_row(*map(Text, _cells(key, state)))
    return table
