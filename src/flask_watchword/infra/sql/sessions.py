"""Sessions in a SQL database: one row per session, and the revocation log."""

import contextlib
import math
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, Executable, exc

from flask_watchword.infra.server_clock import ServerClock
from flask_watchword.infra.sql import statements
from flask_watchword.infra.sql.engine import run, transactions
from flask_watchword.infra.sql.executor import EngineDatabase
from flask_watchword.infra.sql.feed import Feed
from flask_watchword.infra.sql.postgres import ANSWER_SECONDS
from flask_watchword.infra.sql.postgres_feed import PostgresFeed
from flask_watchword.infra.sql.sqlite_feed import SqliteFeed
from flask_watchword.infra.sql.transactions import EngineOrConnection, database_at, transact
from flask_watchword.sessions.requester import UNKNOWN_REQUESTER, Requester
from flask_watchword.sessions.revocation import Revocation, RevocationKind, later_than
from flask_watchword.sessions.session import TOO_MANY, Lifetimes, Session
from flask_watchword.sessions.store import (
    MAX_ENDED_PER_CALL,
    Batch,
    LogPage,
    all_sessions_revocation,
    kept_revocation,
    not_covered,
    session_revocation,
    subject_revocation,
)

_FIELDS = [field.name for field in fields(Session)]

#: Largest value of the generation column.
_LARGEST = 2**63 - 1

#: Log entries that one statement reads, which takes a fraction of the time limit of a statement.
_PAGE = 20_000

#: Seconds between two long transactions, in which other writers get the lock of SQLite.
_PAUSE = 0.005

_TOKEN = RevocationKind.TOKEN.value


#: The statements of a rotation: for SQLite, and with a deadline for PostgreSQL.
_ROTATIONS = (statements.ROTATE, statements.ROTATE_IN_TIME)
_USER_ROTATIONS = (statements.ROTATE_WITH_USER, statements.ROTATE_WITH_USER_IN_TIME)

#: The columns ``USER_COLUMNS``.
UserRow: TypeAlias = Sequence[Any]


class SqlSessionStore:
    """A session store in a database with our schema.

    The database makes each method atomic: the WHERE clause of one UPDATE is the compare-and-swap,
    and sessions are ended and logged in one transaction.

    Args:
        engine: what ``open_engine`` returned, or a PostgreSQL engine of the application.
        owned: whether closing the store also closes the connections of the engine.
    """

    def __init__(self, engine: Engine, *, owned: bool = True) -> None:
        self._engine = engine
        self._owned = owned
        # All connections of an application's engine are returned to its pool.
        self._database = database_at(engine) if owned else EngineDatabase(engine, kept=0)
        self._transactions = transactions(engine)
        self._is_postgres = engine.dialect.name == "postgresql"
        self._feed: Feed = PostgresFeed(engine) if self._is_postgres else SqliteFeed(engine)
        self._clock = ServerClock(ANSWER_SECONDS)
        self._read_up_to = 0

    def start(self, session: Session, limit: int | None, lifetimes: Lifetimes) -> list[Session]:
        """Store a new session; end the subject's oldest beyond ``limit``, and log that."""
        if limit is None:
            self._database.count(statements.START, _row_of(session))
            return []
        ended = run(
            self._transactions,
            lambda connection: self.start_in(connection, session, limit, lifetimes),
        )
        self.announce(ended)
        return ended

    def start_in(
        self, place: EngineOrConnection, session: Session, limit: int | None, lifetimes: Lifetimes
    ) -> list[Session]:
        """Do what :meth:`start` does in the caller's transaction of the same database.

        Calls that end the sessions of the subject wait for the end of the transaction. After the
        commit, the caller passes the result to :meth:`announce`.
        """
        database = database_at(place)
        if self._is_postgres:
            database.send(statements.LOCK_SUBJECT, {"subject": session.subject})
        database.send(statements.START, _row_of(session))
        if limit is None:
            return []
        oldest = {
            "of_subject": session.subject,
            "now": session.started_at,
            "keep": session.id,
            "spared": max(0, limit - 1),
            "reason": TOO_MANY,
            "most": MAX_ENDED_PER_CALL,
        }
        return transact(
            place,
            lambda connection: self._end(connection, statements.END_OLDEST, oldest, lifetimes),
        )

    def announce(self, ended: Sequence[Session]) -> None:
        """Tell other processes that a transaction that ended sessions is committed."""
        if ended:
            self._feed.after_logging()

    def rotate(
        self,
        session_id: str,
        generation: int,
        now: float,
        lifetimes: Lifetimes,
        requester: Requester = UNKNOWN_REQUESTER,
    ) -> Session | None:
        """Add one to the generation if it is ``generation`` and the session is not over."""
        row = self._rotate(_ROTATIONS, session_id, generation, now, lifetimes, requester)
        return None if row is None else _session(row)

    def rotate_with_user(
        self,
        session_id: str,
        generation: int,
        now: float,
        lifetimes: Lifetimes,
        requester: Requester = UNKNOWN_REQUESTER,
    ) -> tuple[Session, UserRow] | None:
        """Rotate a session; return it with the row of its user, or NULLs.

        One statement, for a database that has the users as well.
        """
        row = self._rotate(_USER_ROTATIONS, session_id, generation, now, lifetimes, requester)
        return None if row is None else (_session(row[: len(_FIELDS)]), row[len(_FIELDS) :])

    def record_repeat(
        self, session_id: str, generation: int, now: float, elsewhere: Requester | None
    ) -> Session | None:
        """Record that the current generation was issued again, if it is still the current one."""
        values: dict[str, Any] = {"session_id": session_id, "presented": generation}
        if elsewhere is None:
            return self._one(statements.NOTE_REPEAT, values)
        values |= {"now": now, "new_address": elsewhere.address, "new_agent": elsewhere.agent}
        return self._one(statements.NOTE_REPEAT_ELSEWHERE, values)

    def get(self, session_id: str) -> Session | None:
        """Return a session, ended or not."""
        return self._one(statements.GET, {"session_id": session_id})

    def end(self, session_id: str, now: float, reason: str, lifetimes: Lifetimes) -> Session | None:
        """End a session and log its revocation."""
        values = {"session_id": session_id, "now": now, "reason": reason}
        ended = run(
            self._transactions,
            lambda connection: self._end(connection, statements.END, values, lifetimes),
        )
        if not ended:
            return None
        self._feed.after_logging()
        return ended[0]

    def end_all(
        self,
        subject: str,
        now: float,
        reason: str,
        lifetimes: Lifetimes,
        *,
        keep: str | None = None,
    ) -> list[Session]:
        """End every session of a subject but ``keep``, and log that."""
        values = {
            "of_subject": subject,
            "now": now,
            "refused_until": now - lifetimes.leeway,
            "reason": reason,
            "keep": keep or "",
            "most": MAX_ENDED_PER_CALL,
        }
        further = [subject_revocation(subject, now, lifetimes)] if keep is None else []
        step, before = self._end_some(values, lifetimes, None, further)
        ended = list(step)
        # Until none is found: others may have ended a part of the sessions of a step.
        while step:
            if len(step) >= MAX_ENDED_PER_CALL and not self._is_postgres:
                time.sleep(_PAUSE)
            step, before = self._end_some(values, lifetimes, before)
            ended += step
        return ended

    def of_subject(self, subject: str, now: float) -> Sequence[Session]:
        """Return the live sessions of a subject, the last used first."""
        values = {"of_subject": subject, "now": now}
        return [_session(row) for row in self._database.rows(statements.OF_SUBJECT, values)]

    def page_of_subject(
        self, subject: str, now: float, after: str | None, limit: int
    ) -> Sequence[Session]:
        """Return some of the live sessions of a subject, the newest login first."""
        last_start, last_id = math.inf, ""
        if after is not None:
            last = self.get(after)
            if last is None or last.subject != subject:
                return []
            last_start, last_id = last.started_at, last.id
        values = {
            "of_subject": subject,
            "now": now,
            "last_start": last_start,
            "last_id": last_id,
            "most": limit,
        }
        return [_session(row) for row in self._database.rows(statements.PAGE_OF_SUBJECT, values)]

    def revoke(self, entry: Revocation) -> None:
        """Log a revocation."""
        run(self._transactions, lambda connection: self._log(connection, [entry]))
        self._feed.after_logging()

    def revocations(self, after: int, now: float) -> Batch:
        """Return the live entries after a cursor."""
        # Read first: if the store is wiped in between, the next call returns the new epoch.
        epoch, since = self._epoch(now)
        self._feed.check_file()
        live: list[Revocation] = []
        cursor, more = after, True
        while more:
            rows = self._database.rows(statements.LOGGED_AFTER, {"after": cursor, "most": _PAGE})
            cursor = rows[-1][0] if rows else cursor
            entries = (_revocation(entry) for _, *entry in rows)
            live += (entry for entry in entries if entry.expires_at > now)
            more = len(rows) == _PAGE
        self._read_up_to = cursor
        return Batch(live, cursor, epoch, since)

    def log_pages(self, after: int, now: float) -> Iterator[LogPage]:
        """Yield the live entries after a cursor, page by page."""
        epoch, since = self._epoch(now)
        self._feed.check_file()
        last = self._number(statements.LAST_AFTER, after) or after
        cursor, more = after, True
        while more:
            first = self._number(statements.FIRST_AFTER, cursor) or cursor + 1
            more = first + _PAGE <= last
            cursor = first + _PAGE - 1 if more else last
            values = {"first": first, "last": cursor, "now": now}
            others = self._database.rows(statements.OTHERS_OF_PAGE, values)
            yield LogPage(
                sessions=self._expiries(values),
                tokens=[(value, until) for kind, value, _, until in others if kind == _TOKEN],
                others=[_revocation(entry) for entry in others if entry[0] != _TOKEN],
                cursor=cursor,
                epoch=epoch,
                since=since,
            )
        self._read_up_to = cursor

    def _number(self, statement: Executable, after: int) -> int | None:
        number: int | None = self._database.rows(statement, {"after": after})[0][0]
        return number

    def _expiries(self, values: dict[str, Any]) -> Sequence[tuple[str, float]]:
        rows: Sequence[Any] = self._database.rows(statements.SESSIONS_OF_PAGE, values)
        return rows

    def find_revocations(
        self,
        session_id: str | None,
        token_id: str | None,
        subject: str | None,
        key_id: str | None = None,
    ) -> Sequence[Revocation]:
        """Return the entries about a session, a token, a subject and a key."""
        values = {
            "session_id": session_id,
            "token_id": token_id,
            "subject": subject,
            "key_id": key_id,
            "subject_of_session": None if session_id is None else subject,
        }
        entries = [_revocation(row) for row in self._database.rows(statements.FIND, values)]
        self._feed.check_file()
        return entries

    def purge(self, now: float, limit: int) -> int:
        """Delete expired sessions and entries."""
        values = {"now": now, "most": limit}
        purges = (statements.PURGE_SESSIONS, statements.PURGE_LOG)
        return sum(self._database.count(statement, values) for statement in purges)

    def change_token(self) -> object:
        """Return a value that every revocation on this machine changes (SQLite).

        With PostgreSQL only those of this process change it; ``wait_for_change`` reports others.
        """
        return self._feed.change_token()

    def wait_for_change(self, seconds: float) -> None:
        """Return when something may have been logged, after ``seconds`` at the latest."""
        self._feed.wait(seconds, self._is_behind)

    def stop_waiting(self) -> None:
        """Make :meth:`wait_for_change` return soon."""
        self._feed.stop_waiting()

    def close(self) -> None:
        """Close connections, and wake waiting threads."""
        self._feed.close()
        if self._owned:
            self._engine.dispose()

    def _is_behind(self) -> bool:
        newest: int | None = self._database.rows(statements.NEWEST)[0][0]
        return newest is not None and newest > self._read_up_to

    def _epoch(self, now: float) -> tuple[str, float]:
        rows = self._database.rows(statements.EPOCH)
        if rows:
            epoch, since = rows[0]
            return epoch, since
        new = {"epoch": secrets.token_urlsafe(16), "since": now}
        # If another process was faster, its row is used.
        with contextlib.suppress(exc.IntegrityError):
            self._database.count(statements.BEGIN_EPOCH, new)
        epoch, since = self._database.rows(statements.EPOCH)[0]
        return epoch, since

    def _one(self, statement: Executable, values: dict[str, Any]) -> Session | None:
        row = self._row(statement, values)
        return None if row is None else _session(row)

    def _row(self, statement: Executable, values: dict[str, Any]) -> Sequence[Any] | None:
        rows = self._database.rows(statement, values)
        return rows[0] if rows else None

    def _rotate(
        self,
        rotations: tuple[Executable, Executable],
        session_id: str,
        generation: int,
        now: float,
        lifetimes: Lifetimes,
        requester: Requester,
    ) -> Sequence[Any] | None:
        if not 0 < generation < _LARGEST:
            return None
        values = {
            "session_id": session_id,
            "presented": generation,
            "now": now,
            "idle": now + lifetimes.idle,
            "shown_before": now - lifetimes.concealed,
            "new_address": requester.address,
            "new_agent": requester.agent,
        }
        at_any_time, in_time = rotations
        if not self._is_postgres:
            return self._row(at_any_time, values)
        return self._rotate_in_time(in_time, values)

    def _rotate_in_time(self, in_time: Executable, values: dict[str, Any]) -> Sequence[Any] | None:
        deadline = self._clock.deadline()
        if deadline is None:
            deadline = self._clock.update(self._server_time())
        rotated = self._row(in_time, values | {"deadline": deadline})
        if rotated is not None:
            return rotated
        server_time = self._server_time()
        if server_time <= deadline:
            return None
        # It may have been rejected by the deadline. The answer has arrived in time, so the deadline
        # was wrong: a clock was changed.
        return self._row(in_time, values | {"deadline": self._clock.update(server_time)})

    def _server_time(self) -> float:
        seconds: float = self._database.rows(statements.CLOCK)[0][0]
        return seconds

    def _end_some(
        self,
        values: dict[str, Any],
        lifetimes: Lifetimes,
        before: float | None,
        further: Sequence[Revocation] = (),
    ) -> tuple[list[Session], float | None]:
        """End a step of the sessions of a subject.

        Args:
            values: for the statement.
            lifetimes: of sessions.
            before: the time of the entry for all sessions that an earlier step has logged.
            further: entries that are logged with this step.

        Returns:
            The ended sessions, and ``before`` for the next step.
        """

        def work(connection: Connection) -> tuple[list[Session], float | None]:
            # Without the lock a concurrent call would find all sessions of this step ended, and
            # return too early.
            self._lock(connection, values["of_subject"])
            ended = [_session(row) for row in connection.execute(statements.END_SOME, values)]
            covered_before, everything = before, list[Revocation]()
            if before is not None or len(ended) >= values["most"]:
                new = all_sessions_revocation(values["of_subject"], values["now"], lifetimes)
                newest = self._newest(connection, new)
                covered_before = before if before == newest else None
                if covered_before is None and len(ended) >= values["most"]:
                    everything = self._all_but(connection, later_than(new, newest), values["keep"])
                    covered_before = everything[-1].revoked_at
            by_id = [
                session_revocation(one, values["now"], lifetimes)
                for one in not_covered(ended, covered_before)
            ]
            self._log(connection, [*everything, *by_id, *further])
            return ended, covered_before

        ended, covered_before = run(self._transactions, work)
        if ended or further:
            self._feed.after_logging()
        return ended, covered_before

    def _all_but(self, connection: Connection, entry: Revocation, keep: str) -> list[Revocation]:
        """Return the entries that revoke all sessions but one, unless that has ended."""
        found = connection.execute(statements.GET, {"session_id": keep}).all()
        is_kept = any(_session(row).ended_at is None for row in found)
        # First, so that no process knows the second without it.
        return [kept_revocation(keep, entry), entry] if is_kept else [entry]

    def _newest(self, connection: Connection, entry: Revocation) -> float | None:
        values = {"kind": entry.kind.value, "value": entry.value}
        newest: float | None = connection.scalar(statements.NEWEST_ABOUT, values)
        return newest

    def _lock(self, connection: Connection, subject: str) -> None:
        if self._is_postgres:
            connection.execute(statements.LOCK_SUBJECT, {"subject": subject})

    def _end(
        self,
        connection: Connection,
        statement: Executable,
        values: dict[str, Any],
        lifetimes: Lifetimes,
    ) -> list[Session]:
        ended = [_session(row) for row in database_at(connection).rows(statement, values)]
        entries = [session_revocation(session, values["now"], lifetimes) for session in ended]
        self._log(connection, entries)
        return ended

    def _with_later_time(self, connection: Connection, entry: Revocation) -> Revocation:
        if entry.kind is not RevocationKind.SUBJECT:
            return entry
        return later_than(entry, self._newest(connection, entry))

    def _log(self, connection: Connection, entries: Sequence[Revocation]) -> None:
        if not entries:
            return
        self._feed.before_logging(connection)
        entries = [self._with_later_time(connection, entry) for entry in entries]
        rows = [
            {"kind": e.kind.value, "value": e.value, "moment": e.revoked_at, "until": e.expires_at}
            for e in entries
        ]
        connection.execute(statements.LOG, rows)


def _row_of(session: Session) -> dict[str, Any]:
    return {name: getattr(session, name) for name in _FIELDS}


def _session(row: Iterable[Any]) -> Session:
    return Session(*row)


def _revocation(row: Iterable[Any]) -> Revocation:
    kind, value, moment, until = row
    return Revocation(RevocationKind(kind), value, moment, until)
