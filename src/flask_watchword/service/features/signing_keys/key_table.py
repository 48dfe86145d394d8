"""Print signing keys: a table on a terminal, tab-separated lines in a pipe, or JSON."""

from typing import Any

import click

from flask_watchword.cli import output
from flask_watchword.cli.output import format_time, print_object, print_rows
from flask_watchword.keys.ring import keys_by_state
from flask_watchword.keys.store import StoredKey, StoredKeyring

_NONE = "There are no keys yet. The service creates one when it starts."
_COLUMNS = ("Key", "State", "Algorithm", "Published", "Signs from", "Verifies until")


def show_keys(stored: StoredKeyring, now: float, *, as_json: bool) -> None:
    """Print every key with its state, the most relevant states first."""
    rows = keys_by_state(stored, now)
    if as_json:
        for key, state in rows:
            print_object(members_of(key, state))
    elif rows or not output.is_terminal():
        print_rows(_COLUMNS, [_cells(key, state) for key, state in rows])
    else:
        click.echo(_NONE)


def members_of(key: StoredKey, state: str) -> dict[str, Any]:
    """Return a key as JSON members, without secrets. Timestamps are in seconds."""
    return {
        "kid": key.kid,
        "state": state,
        "algorithm": key.algorithm,
        "published_at": key.published_at,
        "active_from": key.active_from,
        "verify_until": key.verify_until,
        "revoked_at": key.revoked_at,
    }


def _cells(key: StoredKey, state: str) -> list[str]:
    times = (key.published_at, key.active_from, key.verify_until)
    return [key.kid, state, key.algorithm, *map(format_time, times)]
