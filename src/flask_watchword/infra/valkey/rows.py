"""Convert sessions and revocations from and to the text that the server stores."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from flask_watchword.infra.valkey.scripts import SESSION_FIELDS
from flask_watchword.sessions.revocation import Revocation, RevocationKind
from flask_watchword.sessions.session import Session
from flask_watchword.sessions.store import VALUES_ONLY

#: Conversions for the fields of a session that are not text.
_CONVERT: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(("generation", "repeated", "repeated_elsewhere", "elsewhere_in_a_row"), int),
    **dict.fromkeys(("started_at", "rotated_at", "idle_until", "ends_at"), float),
    **dict.fromkeys(("ended_at", "shown_use_at", "elsewhere_at"), float),
}

_DESCRIBED_BY_VALUE = tuple(f"{kind}:" for kind in VALUES_ONLY)

#: What a client returns for text; it depends on its option ``decode_responses``.
Text = bytes | str


def text(value: Text) -> str:
    """Return a text of the server as ``str``."""
    return value.decode() if isinstance(value, bytes) else value


def moment(value: float) -> str:
    """Return a number as text that converts back to exactly the same number."""
    return repr(float(value))


def session_fields(session: Session) -> list[str]:
    """Return alternating fields and values of a session's hash."""
    fields: list[str] = []
    for name in Session.__slots__:
        value = getattr(session, name)
        if value is not None:
            fields += (name, moment(value) if isinstance(value, float) else str(value))
    return fields


def session_of(row: Sequence[Text | None] | None) -> Session | None:
    """Return the session in a row of ``SESSION_FIELDS``, or ``None`` for an empty row."""
    if row is None or row[0] is None:
        return None
    fields: dict[str, Any] = {
        name: None if value is None else _CONVERT.get(name, str)(text(value))
        for name, value in zip(SESSION_FIELDS, row, strict=True)
    }
    return Session(**fields)


def sessions_of(rows: Sequence[Sequence[Text | None]]) -> list[Session]:
    """Return the sessions in the rows that are not empty."""
    return [session for row in rows if (session := session_of(row)) is not None]


def entry_name(kind: RevocationKind, value: str) -> str:
    """Return the hash field of a log entry."""
    return f"{kind}:{value}"


def entry_of(name: Text, value: Text) -> Revocation:
    """Return the log entry in a field and its value."""
    kind, _, about = text(name).partition(":")
    made, until = text(value).split(" ")
    return Revocation(RevocationKind(kind), about, float(made), float(until))


def names_and_times(found: Text) -> tuple[Sequence[str], Sequence[str]]:
    """Return the names of entries and the times at which they expire, in the text of a script."""
    if not found:
        return [], []
    both = msgspec.json.decode(found, type=list[str])
    return both[::2], both[1::2]


def values_of(
    kind: RevocationKind, names: Sequence[str], times: Sequence[str]
) -> Sequence[tuple[str, float]]:
    """Return what the entries of one kind are about, and the times at which they expire."""
    prefix = entry_name(kind, "")
    start = len(prefix)
    return [
        (name[start:], float(time))
        for name, time in zip(names, times, strict=True)
        if name.startswith(prefix)
    ]


def others_of(names: Sequence[str]) -> Sequence[str]:
    """Return the names of entries that their value alone does not describe."""
    return [name for name in names if not name.startswith(_DESCRIBED_BY_VALUE)]
