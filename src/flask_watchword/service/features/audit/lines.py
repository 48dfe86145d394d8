"""Format entries of the audit log as text and as JSON."""

import json

from flask_watchword.accounts.audit import Entry
from flask_watchword.cli.output import format_time


def as_line(entry: Entry) -> str:
    """Return an entry as one line: number, time, event and its non-empty members.

    Values that clients sent are not escaped: the caller escapes unprintable characters.
    """
    event = entry.event
    members = {
        "subject": event.subject,
        "session": event.session,
        "address": event.address,
        "agent": event.agent,
        **event.detail,
    }
    words = [f"{name}={_value(value)}" for name, value in members.items() if value != ""]
    return " ".join([str(entry.seq), format_time(event.at), event.event, *words])


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
    # Quoted if a client could otherwise make one value look like several.
    plain = value.isascii() and value.isprintable() and not set(value) & set(' ="\\')
    return value if plain else '"{}"'.format(value.replace("\\", "\\\\").replace('"', '\\"'))
