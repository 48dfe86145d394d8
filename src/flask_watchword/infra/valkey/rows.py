"""Sessions and revocations as the server keeps them: text."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_watchword.infra.valkey.scripts import SESSION_FIELDS
from flask_watchword.sessions.revocation import Revocation, RevocationKind
from flask_watchword.sessions.session import Session

#: How the fields of a session are read that are not text.
_READ: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(("generation", "repeated", "repeated_elsewhere", "elsewhere_in_a_row"), int),
    **dict.fromkeys(("started_at", "rotated_at", "idle_until", "ends_at"), float),
    **dict.fromkeys(("ended_at", "shown_use_at", "elsewhere_at"), float),
}

#: What a client returns for text, by whether it was made with ``decode_responses``.
Text = bytes | str


def text(value: Text) -> str:
    """Return what the server keeps as a ``str``."""
    return value.decode() if isinstance(value, bytes) else value


def moment(value: float) -> str:
    """Return a number so that reading it gives the same to the last bit."""
    return repr(float(value))


def session_fields(session: Session) -> list[str]:
    """Return the fields and values of a session's hash, one after the other."""
    fields: list[str] = []
    for name in Session.__slots__:
        value = getattr(session, name)
        if value is not None:
            fields += (name, moment(value) if isinstance(value, float) else str(value))
    return fields


def session_of(row: Sequence[Text | None] | None) -> Session | None:
    """Return the session in a row of ``SESSION_FIELDS``; ``None`` for none."""
    if row is None or row[0] is None:
        return None
    texts = [None if value is None else text(value) for value in row]
    values = dict(zip(SESSION_FIELDS, texts, strict=True))
    # What a session of an earlier version lacks has the value that a new one begins with.
    given = {
        name: _READ.get(name, str)(value) for name, value in values.items() if value is not None
    }
    return Session(**given)


def sessions_of(rows: Sequence[Sequence[Text | None]]) -> list[Session]:
    """Return the sessions in rows that are there."""
    return [session for row in rows if (session := session_of(row)) is not None]


def entry_name(kind: RevocationKind, value: str) -> str:
    """Return the field under which an entry is kept."""
    return f"{kind}:{value}"


def entry_of(name: Text, value: Text) -> Revocation:
    """Return the entry of a field and its value."""
    kind, _, about = text(name).partition(":")
    made, until = text(value).split(" ")
    return Revocation(RevocationKind(kind), about, float(made), float(until))
