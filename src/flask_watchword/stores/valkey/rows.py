"""Sessions and revocations as the server keeps them: text."""

from collections.abc import Sequence

from flask_watchword.sessions.revocation import Kind, Revocation
from flask_watchword.sessions.session import Session

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
    values = [None if value is None else text(value) for value in row]
    id_, subject, generation, *moments, address, agent, ended_at, end_reason = values
    started_at, rotated_at, idle_until, ends_at = map(float, filter(None, moments))
    return Session(
        id=str(id_),
        subject=str(subject),
        generation=int(generation or 0),
        started_at=started_at,
        rotated_at=rotated_at,
        idle_until=idle_until,
        ends_at=ends_at,
        address=str(address),
        agent=str(agent),
        ended_at=None if ended_at is None else float(ended_at),
        end_reason=end_reason,
    )


def sessions_of(rows: Sequence[Sequence[Text | None]]) -> list[Session]:
    """Return the sessions in rows that are there."""
    return [session for row in rows if (session := session_of(row)) is not None]


def entry_name(kind: Kind, value: str) -> str:
    """Return the field under which an entry is kept."""
    return f"{kind}:{value}"


def entry_of(name: Text, value: Text) -> Revocation:
    """Return the entry of a field and its value."""
    kind, _, about = text(name).partition(":")
    made, until = text(value).split(" ")
    return Revocation(Kind(kind), about, float(made), float(until))
