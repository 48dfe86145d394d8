"""The audit log in a SQL database: one hash chain for all processes."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, bindparam, delete, insert, select, text, update

from flask_watchword.accounts.audit import NO_HASH, Entry, Event, Head, detail_text, follow
from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.driver import Statements
from flask_watchword.infra.sql.transactions import EngineOrConnection, database_at, execute_one

_audit = tables.audit.c
_head = tables.audit_head.c

_ENTRY = (
    _audit.seq,
    _audit.hash,
    _audit.event,
    _audit.at,
    _audit.subject,
    _audit.session,
    _audit.address,
    _audit.agent,
    _audit.detail,
)

# Rows of `watchword_audit_head`: the last entry of the chain, and the last dropped entry.
_LAST_ENTRY, _LAST_DROPPED = 1, 2

_HEAD = select(_head.seq, _head.hash).where(_head.id == _LAST_ENTRY)
_START = select(_head.seq, _head.hash).where(_head.id == _LAST_DROPPED)

# A transaction that appends locks this row until it ends (SQLite: the file). The next one waits for
# it and then reads the entries of the first.
_LOCK_HEAD = _HEAD.with_for_update()

# If the row is missing, the chain continues after the last entry: events have to be logged even
# then.
_BEGIN = text("""
    INSERT INTO watchword_audit_head (id, seq, hash)
    SELECT 1, COALESCE(MAX(seq), 0),
           COALESCE((SELECT hash FROM watchword_audit ORDER BY seq DESC LIMIT 1), :no_hash)
    FROM watchword_audit
    WHERE TRUE
    ON CONFLICT (id) DO NOTHING
""")

_APPEND = insert(tables.audit)

_MOVE_HEAD = (
    update(tables.audit_head)
    .where(_head.id == _LAST_ENTRY)
    .values(seq=bindparam("new_seq"), hash=bindparam("new_hash"))
)

_BEGIN_START = text("""
    INSERT INTO watchword_audit_head (id, seq, hash) VALUES (:id, 0, :no_hash)
    ON CONFLICT (id) DO NOTHING
""")

_MOVE_START = (
    update(tables.audit_head)
    .where(
        _head.id == _LAST_DROPPED,
        _head.seq == bindparam("old_seq"),
        _head.hash == bindparam("old_hash"),
    )
    .values(seq=bindparam("new_seq"), hash=bindparam("new_hash"))
)

_DROP = delete(tables.audit).where(_audit.seq <= bindparam("last"))

_AFTER = (
    select(*_ENTRY)
    .where(_audit.seq > bindparam("after"))
    .order_by(_audit.seq)
    .limit(bindparam("most"))
)


class SqlAuditLog:
    """The audit log in a database with our schema.

    Args:
        place: an engine, or the connection of the transaction whose changes the events describe:
            then both are committed, or neither.
    """

    def __init__(self, place: EngineOrConnection) -> None:
        self._place = place
        self._database = database_at(place)

    def append(self, events: Sequence[Event]) -> Head:
        """Append events in their order."""
        return self._database.transact(lambda statements: _append(statements, events))

    def head(self) -> Head | None:
        """Return the recorded end of the log."""
        return _head_in(self._database, _HEAD)

    def start(self) -> Head:
        """Return the last dropped entry, after which the chain begins."""
        return _head_in(self._database, _START) or Head()

    def drop(self, before: Head, last: Head) -> bool:
        """Drop the oldest entries, unless another process has dropped some since."""
        return self._database.transact(lambda statements: _drop(statements, before, last))

    def after(self, seq: int, limit: int) -> Sequence[Entry]:
        """Return up to ``limit`` entries after a number, in their order."""
        return [_entry(row) for row in self._database.rows(_AFTER, {"after": seq, "most": limit})]

    def newest(
        self,
        limit: int,
        *,
        subject: str | None = None,
        event: str | None = None,
        before: int | None = None,
    ) -> Sequence[Entry]:
        """Return up to ``limit`` of the newest entries, the newest first."""
        statement = select(*_ENTRY).order_by(_audit.seq.desc()).limit(limit)
        if subject is not None:
            statement = statement.where(_audit.subject == subject)
        if event is not None:
            statement = statement.where(_audit.event == event)
        if before is not None:
            statement = statement.where(_audit.seq < before)
        rows = execute_one(self._place, lambda connection: connection.execute(statement).all())
        return [_entry(row) for row in rows]


def _append(statements: Statements, events: Sequence[Event]) -> Head:
    head = _head_in(statements, _LOCK_HEAD)
    if head is None:
        statements.count(_BEGIN, {"no_hash": NO_HASH})
        (row,) = statements.rows(_LOCK_HEAD)
        head = Head(*row)
    entries = follow(head, events)
    if not entries:
        return head
    for entry in entries:
        statements.send(_APPEND, row_of(entry))
    head = Head(entries[-1].seq, entries[-1].hash)
    statements.send(_MOVE_HEAD, {"new_seq": head.seq, "new_hash": head.hash})
    return head


def _drop(statements: Statements, before: Head, last: Head) -> bool:
    statements.count(_BEGIN_START, {"id": _LAST_DROPPED, "no_hash": NO_HASH})
    moved = {
        "old_seq": before.seq,
        "old_hash": before.hash,
        "new_seq": last.seq,
        "new_hash": last.hash,
    }
    if not statements.count(_MOVE_START, moved):
        return False
    statements.count(_DROP, {"last": last.seq})
    return True


def _head_in(statements: Statements, statement: Select[Any]) -> Head | None:
    for row in statements.rows(statement):
        return Head(*row)
    return None


def row_of(entry: Entry) -> dict[str, object]:
    """Return an entry as the columns of its row."""
    event = entry.event
    return {
        "seq": entry.seq,
        "hash": entry.hash,
        "event": event.event,
        "at": event.at,
        "subject": event.subject,
        "session": event.session,
        "address": event.address,
        "agent": event.agent,
        "detail": detail_text(event),
    }


def _entry(row: Sequence[Any]) -> Entry:
    seq, digest, event, at, subject, session, address, agent, detail = row
    return Entry(seq, Event(event, at, subject, session, address, agent, _detail(detail)), digest)


def _detail(detail: str) -> dict[str, Any]:
    try:
        members = json.loads(detail)
    except ValueError:
        members = None
    # The log writes only objects. Other text was put there by something else: verification has to
    # report it instead of failing.
    return members if isinstance(members, dict) else {"unreadable": detail}
