"""When any statement of a request fails, the whole change is committed or nothing of it.

Rate-limit hits count although the request fails, so they are stored separately. Sessions and keys
are separate stores too: sessions are ended before the change that must end them, and no new one is
created; an operation on a key can be repeated.
"""

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Row, create_engine, event, exc, select

from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.driver import CompiledStatement, Values
from flask_watchword.infra.sql.driver_transaction import DriverTransaction
from flask_watchword.service.endpoint import Endpoint
from tests.service.good_requests import ENDPOINTS, GOOD_REQUESTS, Request, send, unthrottled
from tests.service.under_test import ServiceUnderTest

WRITING = [one for one in ENDPOINTS.values() if one.method != "GET"]
APART = {
    tables.throttle,
    tables.sessions,
    tables.revocations,
    tables.epoch,
    tables.keys,
    tables.keyring,
}
KEPT = [table for table in tables.metadata.sorted_tables if table not in APART]
#: By table: the statement that reads it, and the positions of its primary key columns.
READ = {
    table: (select(table), [list(table.c).index(one) for one in table.primary_key])
    for table in KEPT
}

#: Seconds for which a prepared request is used: a TOTP code is accepted for at least 30 s.
FRESH_SECONDS = 10.0

#: The rows of each table, by table and key.
Rows = Mapping[tuple[Any, ...], Row[Any]]
#: How many rows a request adds, removes and changes, and in which columns.
Change = Counter[tuple[str, ...]]

#: A code is used up before the change that requires it, so that it works only once even if a later
#: step fails.
USED_UP = dict.fromkeys(
    ("login_totp", "disable_totp", "renew_recovery_codes"),
    Change({("watchword_totp", "changed", "last_step"): 1}),
)
#: The password is replaced in one transaction and the following login uses another: if that fails,
#: the new password is valid for the next login.
USED_UP["choose_password"] = Change(
    {
        (
            "watchword_users",
            "changed",
            *("password_hash", "password_changed_at", "version", "password_review_at"),
        ): 1,
        ("watchword_outbox", "added"): 1,
        ("watchword_audit", "added"): 1,
        ("watchword_audit_head", "changed", "seq", "hash"): 1,
    }
)


#: The time of last use of a token is informational: a failed update rejects no request.
WITHOUT_NOTE = {"token": Change()}


class FailingDatabase:
    """Fail at one statement or commit of this thread, or at that one and all later ones."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._fails_at = self._steps = 0
        self._once = True

    @contextmanager
    def failing_at(self, number: int, *, once: bool) -> Iterator[None]:
        self._fails_at, self._steps, self._once = number, 0, once
        yield
        self._fails_at = 0

    @property
    def has_failed(self) -> bool:
        return self._steps >= self._fails_at

    def step(self, *_: Any) -> None:
        if self._fails_at == 0 or threading.get_ident() != self._thread:
            return
        self._steps += 1
        if self._steps == self._fails_at or (self.has_failed and not self._once):
            raise exc.OperationalError("", {}, sqlite3.OperationalError("disk I/O error"))


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[FailingDatabase]:
    failing = FailingDatabase()
    arguments = CompiledStatement.arguments

    def failing_arguments(compiled: CompiledStatement, values: Values) -> dict[str, Any]:
        failing.step()
        return arguments(compiled, values)

    commit = DriverTransaction.commit

    def failing_commit(transaction: DriverTransaction) -> None:
        failing.step()
        commit(transaction)

    monkeypatch.setattr(DriverTransaction, "commit", failing_commit)
    # A call to the DBAPI cursor itself triggers no event.
    monkeypatch.setattr(CompiledStatement, "arguments", failing_arguments)
    for name in ("before_cursor_execute", "commit"):
        event.listen(Engine, name, failing.step)
    yield failing
    for name in ("before_cursor_execute", "commit"):
        event.remove(Engine, name, failing.step)


@pytest.fixture
def looking(database_url: str) -> Iterator[Connection]:
    """A connection that always sees the committed state."""
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def rows(looking: Connection) -> Rows:
    return {
        (table.name, *(row[place] for place in key)): row
        for table, (statement, key) in READ.items()
        for row in looking.execute(statement)
    }


def living_sessions(looking: Connection) -> set[str]:
    found = tables.sessions.c
    return set(looking.scalars(select(found.id).where(found.ended_at.is_(None))))


def change(before: Rows, after: Rows) -> Change:
    changes_found: Change = Counter((key[0], "added") for key in after.keys() - before.keys())
    changes_found += Counter((key[0], "removed") for key in before.keys() - after.keys())
    for key in before.keys() & after.keys():
        if before[key] != after[key]:
            cells = zip(after[key]._fields, before[key], after[key], strict=True)
            changes_found[key[0], "changed", *(name for name, old, new in cells if old != new)] += 1
    return changes_found


def emptied(looking: Connection) -> None:
    for table in reversed([*KEPT, tables.sessions]):
        looking.execute(table.delete())


class Attempts:
    """One request, repeated with a failure at each of its statements in turn."""

    def __init__(
        self,
        service: ServiceUnderTest,
        looking: Connection,
        one: Endpoint,
        database: FailingDatabase,
    ) -> None:
        self._ours, self._looking, self._one, self._database = service, looking, one, database
        self._prepare()
        assert send(service, one, self._request).status_code == min(one.responses)
        self._whole = change(self._before, rows(looking))

    def _prepare(self) -> None:
        emptied(self._looking)
        self._request: Request = GOOD_REQUESTS[self._one.name](self._ours)
        self._before, self._sessions = rows(self._looking), living_sessions(self._looking)
        self._stale_at = time.monotonic() + FRESH_SECONDS

    def go_through(self, *, once: bool) -> int:
        """Return how many statements can fail."""
        self._prepare()
        number = 1
        while self._has_failed_well(number, once):
            number += 1
        return number - 1

    def _has_failed_well(self, number: int, once: bool) -> bool:
        with self._database.failing_at(number, once=once):
            answer = send(self._ours, self._one, self._request)
            if not self._database.has_failed:
                return False
        done = change(self._before, rows(self._looking))
        left = living_sessions(self._looking)
        if answer.status_code == 503:
            assert done in (Change(), self._whole, USED_UP.get(self._one.name)), number
            # While no write succeeds, a session remains whose tokens were never sent to a client.
            assert left <= self._sessions or not once, number
        else:
            assert answer.status_code == min(self._one.responses), (number, answer.data)
            assert done in (self._whole, WITHOUT_NOTE.get(self._one.name)), number
        if done or left != self._sessions or time.monotonic() >= self._stale_at:
            self._prepare()
        return True


@pytest.mark.parametrize("one", WRITING, ids=lambda one: one.name)
def test_request_is_committed_completely_or_not_at_all(
    service: ServiceUnderTest, looking: Connection, database: FailingDatabase, one: Endpoint
) -> None:
    attempts = Attempts(unthrottled(service), looking, one, database)
    assert attempts.go_through(once=True) > 0
    assert attempts.go_through(once=False) > 0
