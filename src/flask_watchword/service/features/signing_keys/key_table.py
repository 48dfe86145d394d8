"""Show keys: a table on a terminal, lines for other programs, JSON where it is asked for."""

from typing import Any

import click

from flask_watchword.cli import output
from flask_watchword.cli.output import print_object, print_rows, shown
from flask_watchword.keys.ring import keys_by_state
from flask_watchword.keys.store import StoredKey, StoredKeyring

_NONE = "There are no keys yet. The service makes one when it starts."
# The name is what the other commands are given.
_COLUMNS = ("Key", "State", "Algorithm", "Published", "Signs from", "Verifies until")


def show_keys(stored: StoredKeyring, now: float, *, as_json: bool) -> None:
    """Print every key with its state, those that matter most first."""
    rows = keys_by_state(stored, now)
    if as_json:
        for key, state in rows:
            print_object(members_of(key, state))
    elif rows or not output.on_a_terminal():
        print_rows(_COLUMNS, [_cells(key, state) for key, state in rows])
    else:
        click.echo(_NONE)


def members_of(key: StoredKey, state: str) -> dict[str, Any]:
    """Return what is known of a key, but for what is secret. Moments are seconds."""
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
    moments = (key.published_at, key.active_from, key.verify_until)
    return [key.kid, state, key.algorithm, *map(shown, moments)]
