"""The SQL statements for sessions and revocations. Each finds its rows by an index.

They are constants, so that no request builds a statement.
"""

from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Double,
    ScalarSelect,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)

from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.batches import batch
from flask_watchword.infra.sql.tables.users import USER_COLUMNS
from flask_watchword.infra.sql.text import AnyText
from flask_watchword.sessions.revocation import RevocationKind

_sessions = tables.sessions.c
_log = tables.revocations.c

# The columns in the order of the fields of `Session`.
_SESSION = (
    _sessions.id,
    _sessions.subject,
    _sessions.generation,
    _sessions.started_at,
    _sessions.rotated_at,
    _sessions.idle_until,
    _sessions.ends_at,
    _sessions.address,
    _sessions.agent,
    _sessions.ended_at,
    _sessions.end_reason,
    _sessions.shown_use_at,
    _sessions.used_address,
    _sessions.used_agent,
    _sessions.repeated,
    _sessions.repeated_elsewhere,
    _sessions.elsewhere_in_a_row,
    _sessions.elsewhere_at,
    _sessions.elsewhere_address,
    _sessions.elsewhere_agent,
)

_not_ended = _sessions.ended_at.is_(None)
_live = and_(_not_ended, _sessions.idle_until > bindparam("now"))
# Includes expired sessions whose tokens are still accepted because of the leeway.
_has_tokens = and_(_not_ended, _sessions.idle_until > bindparam("refused_until"))
_this_session = _sessions.id == bindparam("session_id")
_of_subject = _sessions.subject == bindparam("of_subject")

START = insert(tables.sessions)

#: The compare-and-swap. It calculates the new idle end, so that nothing is read first.
ROTATE = (
    update(tables.sessions)
    .where(_this_session, _sessions.generation == bindparam("presented"), _live)
    .values(
        generation=_sessions.generation + 1,
        rotated_at=bindparam("now"),
        shown_use_at=case(
            (_sessions.rotated_at < bindparam("shown_before"), _sessions.rotated_at),
            else_=_sessions.shown_use_at,
        ),
        used_address=bindparam("new_address"),
        used_agent=bindparam("new_agent"),
        idle_until=case(
            (_sessions.ends_at < bindparam("idle"), _sessions.ends_at), else_=bindparam("idle")
        ),
    )
    .returning(*_SESSION)
)

_in_time = func.clock_timestamp() <= func.to_timestamp(bindparam("deadline", type_=Double))

#: The same for PostgreSQL, with a deadline: it must not run after the client has stopped waiting.
ROTATE_IN_TIME = ROTATE.where(_in_time)


def _of_user(column: Column[Any]) -> ScalarSelect[Any]:
    return select(column).where(tables.users.c.id == _sessions.subject).scalar_subquery()


#: The rotation of a session whose user is in the same database; it also returns the columns of
#: the user, or NULLs. SQLite returns columns of other tables by subqueries only.
ROTATE_WITH_USER = ROTATE.returning(*map(_of_user, USER_COLUMNS))

ROTATE_WITH_USER_IN_TIME = ROTATE_WITH_USER.where(_in_time)

_repeating = update(tables.sessions).where(
    _this_session, _sessions.generation == bindparam("presented"), _not_ended
)

#: Each of the two compares with the recorded generation, so that only one of several callers
#: records it.
NOTE_REPEAT = (
    _repeating.where(_sessions.repeated < bindparam("presented"))
    .values(repeated=bindparam("presented"))
    .returning(*_SESSION)
)

NOTE_REPEAT_ELSEWHERE = (
    _repeating.where(_sessions.repeated_elsewhere < bindparam("presented"))
    .values(
        repeated_elsewhere=bindparam("presented"),
        elsewhere_in_a_row=case(
            (
                _sessions.repeated_elsewhere + 1 == bindparam("presented"),
                _sessions.elsewhere_in_a_row + 1,
            ),
            else_=1,
        ),
        elsewhere_at=bindparam("now"),
        elsewhere_address=bindparam("new_address"),
        elsewhere_agent=bindparam("new_agent"),
    )
    .returning(*_SESSION)
)

#: PostgreSQL's clock, in seconds since the epoch.
CLOCK = select(func.extract("epoch", func.clock_timestamp()).cast(Double))

GET = select(*_SESSION).where(_this_session)

OF_SUBJECT = select(*_SESSION).where(_of_subject, _live).order_by(_sessions.rotated_at.desc())

#: A page, by the index of the sessions that have not ended.
PAGE_OF_SUBJECT = (
    select(*_SESSION)
    .where(
        _of_subject,
        _live,
        tuple_(_sessions.started_at, _sessions.id)
        < tuple_(bindparam("last_start", type_=Double), bindparam("last_id", type_=AnyText)),
    )
    .order_by(_sessions.started_at.desc(), _sessions.id.desc())
    .limit(bindparam("most"))
)

_end = update(tables.sessions).values(ended_at=bindparam("now"), end_reason=bindparam("reason"))

END = _end.where(_this_session, _not_ended).returning(*_SESSION)

_others = select(_sessions.id).where(_of_subject, _sessions.id != bindparam("keep"))

END_SOME = _end.where(
    _not_ended, _sessions.id.in_(_others.where(_has_tokens).limit(bindparam("most")))
).returning(*_SESSION)

_ranked = (
    _others.where(_live)
    .add_columns(func.row_number().over(order_by=_sessions.started_at.desc()).label("rank"))
    .subquery("ranked")
)

END_OLDEST = _end.where(
    _not_ended,
    _sessions.id.in_(
        select(_ranked.c.id)
        .where(_ranked.c.rank > bindparam("spared"))
        .order_by(_ranked.c.rank.desc())
        .limit(bindparam("most"))
    ),
).returning(*_SESSION)

#: For PostgreSQL: serializes transactions that count or end the sessions of one subject.
LOCK_SUBJECT = text("SELECT pg_advisory_xact_lock(hashtextextended(:subject, 0))").bindparams(
    bindparam("subject", type_=AnyText)
)

LOG = insert(tables.revocations).inline()

EPOCH = select(tables.epoch.c.epoch, tables.epoch.c.since).where(tables.epoch.c.id == 1)

BEGIN_EPOCH = insert(tables.epoch).values(id=1)

NEWEST = select(func.max(_log.seq))

_ENTRY = (_log.kind, _log.value, _log.moment, _log.until)

_logged_after = _log.seq > bindparam("after")

LOGGED_AFTER = (
    select(_log.seq, *_ENTRY).where(_logged_after).order_by(_log.seq).limit(bindparam("most"))
)


#: The first number after a cursor. One statement each, which reads one entry of the index.
FIRST_AFTER = select(func.min(_log.seq)).where(_logged_after)

#: The last number, if it is after a cursor.
LAST_AFTER = select(func.max(_log.seq)).where(_logged_after)

# A range of numbers, so that each statement reads a bounded number of rows, also expired ones.
_in_page = and_(
    _log.seq >= bindparam("first"), _log.seq <= bindparam("last"), _log.until > bindparam("now")
)

#: The entries for sessions in a page, which are most of them: what is needed of them, and no more.
SESSIONS_OF_PAGE = select(_log.value, _log.until).where(
    _in_page, _log.kind == RevocationKind.SESSION.value
)

#: All other entries in a page.
OTHERS_OF_PAGE = select(*_ENTRY).where(_in_page, _log.kind != RevocationKind.SESSION.value)


def _about(kind: RevocationKind, name: str) -> ColumnElement[bool]:
    return and_(_log.kind == kind.value, _log.value == bindparam(name))


#: The time of the newest entry of a kind that has one.
NEWEST_ABOUT = select(func.max(_log.moment)).where(
    _log.kind == bindparam("kind"), _log.value == bindparam("value")
)

FIND = select(*_ENTRY).where(
    or_(
        _about(RevocationKind.SESSION, "session_id"),
        _about(RevocationKind.TOKEN, "token_id"),
        _about(RevocationKind.SUBJECT, "subject"),
        _about(RevocationKind.KEY, "key_id"),
        _about(RevocationKind.KEPT, "session_id"),
        _about(RevocationKind.SESSIONS, "subject_of_session"),
    )
)

# Rows that another transaction is deleting are skipped (PostgreSQL; SQLite has one writer).
PURGE_SESSIONS = delete(tables.sessions).where(
    _sessions.id.in_(
        batch(
            select(_sessions.id)
            .where(_sessions.idle_until <= bindparam("now"))
            .order_by(_sessions.idle_until)
            .limit(bindparam("most"))
        )
    )
)

PURGE_LOG = delete(tables.revocations).where(
    _log.seq.in_(
        batch(
            select(_log.seq)
            .where(_log.until <= bindparam("now"))
            .order_by(_log.until)
            .limit(bindparam("most"))
        )
    )
)
