"""The database session store when the database fails, and the options it is opened with."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, delete, event

from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.sql import sessions as module
from flask_watchword.infra.sql.engine import run, transactions, writing
from flask_watchword.infra.sql.factory import open_sql_sessions
from flask_watchword.infra.sql.sessions import SqlSessionStore
from flask_watchword.infra.sql.tables import revocations
from flask_watchword.sessions.requester import Requester
from flask_watchword.sessions.revocation import Revocation, RevocationIndex, RevocationKind
from flask_watchword.sessions.session import SIGNED_OUT, Lifetimes, new_session

NOW = 1_700_000_000.0
LIVES = Lifetimes()
TOKEN = Revocation(RevocationKind.TOKEN, "jti", NOW, NOW + 900)

# The child rotates over connections of its own while the parent continues over its existing ones.
FORK = """
import os, sys
from flask_watchword.sessions.session import Lifetimes, new_session
from flask_watchword.infra.sql.factory import open_sql_sessions
lives = Lifetimes()
store = open_sql_sessions(sys.argv[1], upgrade=False)
ours, theirs = (new_session("ada", 0.0, lives) for _ in range(2))
for session in (ours, theirs):
    store.start(session, None, lives)
store.wait_for_change(0.0)
store.get(ours.id)  # one connection is in the pool, beside the one that listens
child = os.fork()
mine = ours if child else theirs
for generation in range(1, 101):
    assert store.rotate(mine.id, generation, 1.0, lives).generation == generation + 1
if not child:
    store.end(mine.id, 2.0, "signed_out", lives)
    store.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
for _ in range(3):  # that the child has closed its store must not have hung up for the parent
    store.wait_for_change(0.05)
assert store.get(theirs.id).ended_at == 2.0
store.close()
"""


def test_store_works_in_both_processes_after_a_fork(any_engine: Engine) -> None:
    url = any_engine.url.render_as_string(hide_password=False)
    subprocess.run([sys.executable, "-W", "error", "-c", FORK, url], check=True, timeout=60)


def test_full_disk_is_an_unavailable_store_and_reading_continues(engine: Engine) -> None:
    def allow_no_page_more(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # as many as there are already

    session = new_session("ada", NOW, LIVES, Requester(agent="x" * 50_000))
    store = SqlSessionStore(engine)
    store.start(session, None, LIVES)
    store.close()
    event.listen(engine, "connect", allow_no_page_more)
    with pytest.raises(StoreUnavailable, match="full"):
        store.start(new_session("ada", NOW, LIVES, Requester(agent="x" * 50_000)), None, LIVES)
    assert store.get(session.id) == session
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_lock_held_for_too_long_is_an_unavailable_store(engine: Engine) -> None:
    store = open_sql_sessions(engine.url, upgrade=False)
    session = new_session("ada", NOW, LIVES)
    store.start(session, None, LIVES)
    with writing(engine), pytest.raises(StoreUnavailable, match="locked"):
        store.rotate(session.id, 1, NOW, LIVES)
    assert store.rotate(session.id, 1, NOW, LIVES)
    store.close()


@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO watchword_epoch VALUES (1, 'another life', 5)", "DELETE FROM watchword_epoch"],
)
def test_another_epoch_is_returned(any_engine: Engine, statement: str) -> None:
    store = open_sql_sessions(any_engine.url, upgrade=False)
    before = store.revocations(0, NOW)
    with writing(any_engine) as connection:
        connection.exec_driver_sql("DELETE FROM watchword_epoch")
        connection.exec_driver_sql(statement)
    after = store.revocations(0, NOW + 7)
    store.close()
    assert (before.since, after.since in (NOW + 7, 5.0)) == (NOW, True)
    assert before.epoch != after.epoch


def test_numbers_continue_after_the_newest_entries_are_deleted(any_engine: Engine) -> None:
    store = open_sql_sessions(any_engine.url, upgrade=False)
    store.revoke(TOKEN)
    cursor = store.revocations(0, NOW).cursor
    store.purge(TOKEN.expires_at, 10)
    store.revoke(TOKEN)
    assert store.revocations(cursor, NOW).cursor > cursor
    store.close()


def test_pages_of_a_log_with_gaps_and_expired_entries_have_every_live_one_once(
    any_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAGE", 4)
    store = open_sql_sessions(any_engine.url, upgrade=False)
    live = [f"token {number}" for number in range(40) if number % 3 == 0]
    for number in range(40):
        value = f"token {number}"
        until = NOW + 900 if value in live else NOW
        store.revoke(Revocation(RevocationKind.TOKEN, value, NOW, until))
    newest = store.revocations(0, NOW).cursor
    missing = [f"token {number}" for number in (*range(6), *range(11, 29), 33)]
    with writing(any_engine) as connection:
        connection.execute(delete(revocations).where(revocations.c.value.in_(missing)))
    pages = list(store.log_pages(0, NOW))
    found = [value for page in pages for value, _ in page.tokens]
    assert sorted(found) == sorted(value for value in live if value not in missing)
    assert max(len(page.tokens) for page in pages) <= 4
    assert pages[-1].cursor == newest
    assert [page.cursor for page in store.log_pages(newest, NOW)] == [newest]
    store.close()


def test_of_two_calls_that_end_very_many_sessions_at_once_none_keeps_what_the_other_has_ended(
    any_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ENDED_PER_CALL", 3)
    store = open_sql_sessions(any_engine.url, upgrade=False)
    many = [new_session("ada", NOW + n, LIVES) for n in range(10)]
    for session in many:
        store.start(session, None, LIVES)
    # The other call comes between two steps of the first, and keeps what that ends afterwards.
    first, other = many[0].id, many[9].id
    step, calls = store._end_some, []

    def step_and_call_again(*arguments: Any, **named: Any) -> Any:
        result = step(*arguments, **named)
        calls.append(result)
        if len(calls) == 1:
            store.end_all("ada", NOW + 60, SIGNED_OUT, LIVES, keep=other)
        return result

    monkeypatch.setattr(store, "_end_some", step_and_call_again)
    store.end_all("ada", NOW + 60, SIGNED_OUT, LIVES, keep=first)
    index = RevocationIndex()
    index.add(store.revocations(0, NOW + 60).entries)
    states = [store.get(session.id) for session in many]
    # Each call has ended the session that the other one keeps.
    assert [one.id for one in states if one is not None and one.ended_at is None] == []
    claims = [{"sid": one.id, "sub": "ada", "auth_time": int(one.started_at)} for one in many]
    assert [one["sid"] for one in claims if not index.revokes(one)] == []
    store.close()


def test_schema_is_created_on_opening(tmp_path: Path) -> None:
    store = open_sql_sessions(f"sqlite:///{tmp_path}/new.db")
    assert list(store.of_subject("ada", NOW)) == []
    store.close()


def test_sessions_use_the_file_of_an_applications_engine(tmp_path: Path) -> None:
    theirs = create_engine(f"sqlite:///{tmp_path}/app.db")
    store = open_sql_sessions(theirs)
    store.start(new_session("ada", NOW, LIVES), None, LIVES)
    with theirs.connect() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM watchword_sessions").scalar()
    assert count == 1
    store.close()
    theirs.dispose()


@pytest.mark.server
@pytest.mark.parametrize("level", [None, "SERIALIZABLE", "AUTOCOMMIT"])
def test_sessions_use_an_applications_engine_which_outlives_them(
    postgres_engine: Engine, level: Any
) -> None:
    options = {} if level is None else {"isolation_level": level}
    theirs = create_engine(postgres_engine.url, pool_size=1, max_overflow=0, **options)
    store = open_sql_sessions(theirs)
    session = new_session("ada", NOW, LIVES)
    store.start(session, 3, LIVES)
    store.wait_for_change(0.0)  # the connection that listens is not one of the pool's
    assert store.rotate(session.id, 1, NOW, LIVES)
    assert store.end(session.id, NOW, SIGNED_OUT, LIVES)
    assert len(store.revocations(0, NOW).entries) == 1
    with theirs.connect() as connection:
        store.close()
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    theirs.dispose()


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "postgresql+asyncpg://x/y", "mysql://x/y"]
)
def test_unsupported_database_is_rejected(url: str) -> None:
    with pytest.raises(ValueError, match=r"a database in memory|is not supported"):
        open_sql_sessions(url)


def test_in_memory_engine_is_rejected() -> None:
    with pytest.raises(ValueError, match="a database in memory"):
        open_sql_sessions(create_engine("sqlite://"))


@pytest.mark.server
@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_conflicting_transaction_is_retried(postgres_engine: Engine, state: str) -> None:
    tries = []

    def work(connection: Connection) -> int:
        tries.append(connection)
        if len(tries) < 3:
            connection.exec_driver_sql(
                f"DO $$ BEGIN RAISE EXCEPTION 'in the way' USING ERRCODE = '{state}'; END $$"
            )
        return len(tries)

    assert run(transactions(postgres_engine), work) == 3


def test_long_log_is_read_page_by_page_to_its_end(
    any_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_watchword.infra.sql.sessions._PAGE", 3)
    store = SqlSessionStore(any_engine, owned=False)
    for number in range(7):
        until = NOW + (900 if number % 2 else -1)
        store.revoke(Revocation(RevocationKind.TOKEN, str(number), NOW, until))
    whole = store.revocations(0, NOW)
    assert [entry.value for entry in whole.entries] == ["1", "3", "5"]
    assert store.revocations(whole.cursor, NOW).entries == []
    store.revoke(Revocation(RevocationKind.TOKEN, "next", NOW, NOW + 900))
    assert [entry.value for entry in store.revocations(whole.cursor, NOW).entries] == ["next"]
    store.close()
