"""Convert sessions and revocations from and to the text that the server stores."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_watchword.infra.valkey.scripts import SESSION_FIELDS
from flask_watchword.sessions.revocation import Revocation, RevocationKind
from flask_watchword.sessions.session import Session

#: Conversions for the fields of a session that are not text.
_CONVERT: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(("generation", "repeated", "repeated_elsewhere", "elsewhere_in_a_row"), int),
    **dict.fromkeys(("started_at", "rotated_at", "idle_until", "ends_at"), float),
    **dict.fromkeys(("ended_at", "shown_use_at", "elsewhere_at"), float),
}

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
