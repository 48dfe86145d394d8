"""Entries of the audit log as people and programs read them."""

import json
from datetime import UTC, datetime

from flask_watchword.accounts.audit import Entry


def as_line(entry: Entry) -> str:
    """Return an entry on one line: number, time, event, and whatever is known besides."""
    event = entry.event
    known = {
        "subject": event.subject,
        "session": event.session,
        "address": event.address,
        "agent": event.agent,
        **event.detail,
    }
    words = [f"{_printable(name)}={_value(value)}" for name, value in known.items() if value != ""]
    return " ".join([str(entry.seq), _moment(event.at), _printable(event.event), *words])


def as_object(entry: Entry) -> dict[str, object]:
    """Return an entry as the members of a JSON object."""
    event = entry.event
    return {
        "seq": entry.seq,
        "at": event.at,
        "event": event.event,
        "subject": event.subject,
        "session": event.session,
        "address": event.address,
        "agent": event.agent,
        "detail": dict(event.detail),
        "hash": entry.hash,
    }


def _value(value: object) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    # In quotes where a client could otherwise make one value look like several.
    plain = value.isascii() and value.isprintable() and not set(value) & set(' ="\\')
    return value if plain else f'"{_printable(value)}"'


def _printable(text: str) -> str:
    """Return a text of which no character does anything: control, direction, line."""
    return "".join(map(_character, text))


def _character(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def _moment(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        # Somebody has altered it.
        return repr(at)
