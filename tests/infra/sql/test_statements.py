"""The statements of the store: their number, and the indexes they use."""

import pytest
from sqlalchemy import Engine

from flask_watchword.infra.sql.engine import writing
from flask_watchword.infra.sql.factory import open_sql_sessions
from flask_watchword.infra.sql.sessions import SqlSessionStore
from flask_watchword.sessions.refresh import refresh
from flask_watchword.sessions.revocation import Revocation, RevocationKind
from flask_watchword.sessions.session import SIGNED_OUT, Lifetimes, new_session
from tests.infra.sql.recorded_statements import about_our_tables, recording

NOW = 1_700_000_000.0
LIVES = Lifetimes()


def do_everything(store: SqlSessionStore) -> None:
    """Call every method of a store that may send a statement."""
    session = new_session("ada", NOW, LIVES)
    store.start(session, None, LIVES)
    store.rotate(session.id, 1, NOW, LIVES)
    store.rotate_with_user(session.id, 2, NOW, LIVES)
    store.get(session.id)
    store.start(new_session("ada", NOW, LIVES), 1, LIVES)
    store.end(session.id, NOW, SIGNED_OUT, LIVES)
    store.end_all("ada", NOW, SIGNED_OUT, LIVES, keep="none")
    store.end_all("ada", NOW, SIGNED_OUT, LIVES)
    store.of_subject("ada", NOW)
    store.page_of_subject("ada", NOW, session.id, 10)
    store.revoke(Revocation(RevocationKind.TOKEN, "jti", NOW, NOW + 900))
    store.revocations(0, NOW)
    list(store.log_pages(0, NOW))
    store.find_revocations("sid", "jti", "ada", "kid")
    store.purge(NOW, 10)
    store.wait_for_change(0.0)


def test_every_statement_on_sqlite_uses_an_index(engine: Engine) -> None:
    store = open_sql_sessions(engine.url, upgrade=False)
    with recording() as sent:
        do_everything(store)
    store.close()
    steps = []
    with engine.connect() as connection:
        for statement, values in about_our_tables(sent):
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            steps += [row.detail for row in plan]
    assert len(steps) > 10
    # The result of a subquery is scanned, and no table.
    harmless = ("SEARCH", "USE TEMP", "MULTI", "INDEX", "LIST", "CO-ROUTINE", "CORRELATED")
    subqueries = ("SCAN ranked", "SCAN (subquery-3)", "SCAN batch")
    steps = [step for step in steps if step not in subqueries]
    assert [step for step in steps if not step.startswith(harmless)] == []


def fill(engine: Engine) -> None:
    """Insert many rows and update the statistics: for few rows the planner may read all."""
    with writing(engine) as connection:
        connection.exec_driver_sql(
            "INSERT INTO watchword_sessions (id, subject, generation, started_at, rotated_at, "
            "idle_until, ends_at, address, agent) SELECT 'id' || n, 'subject' || n / 2, 1, "
            "%(now)s + n, %(now)s + n, %(now)s + n, %(now)s + n, '', '' "
            "FROM generate_series(1, 5000) n",
            {"now": NOW},
        )
        connection.exec_driver_sql(
            "INSERT INTO watchword_revocations (kind, value, moment, until) "
            "SELECT 'token', 'id' || n, %(now)s, %(now)s + n FROM generate_series(1, 5000) n",
            {"now": NOW},
        )
        connection.exec_driver_sql("ANALYZE")


@pytest.mark.server
def test_every_statement_on_postgresql_uses_an_index(postgres_engine: Engine) -> None:
    store = open_sql_sessions(postgres_engine.url, upgrade=False)
    with recording() as sent:
        do_everything(store)
    store.close()
    fill(postgres_engine)
    lines: list[str] = []
    with writing(postgres_engine) as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, values in about_our_tables(sent):
            if statement.startswith(("SELECT pg_", "INSERT", "LISTEN")):
                continue
            plan = connection.exec_driver_sql(f"EXPLAIN {statement}", values)
            lines += [row[0] for row in plan]
    assert [line for line in lines if "Seq Scan" in line] == []
    scans = [line for line in lines if "Index Scan" in line or "Index Only Scan" in line]
    assert len(scans) > 10
    # A whole index can be scanned as well: each must have an index condition.
    assert len([line for line in lines if "Index Cond:" in line]) == len(scans)


@pytest.mark.parametrize(
    "place", ["engine", pytest.param("postgres_engine", marks=pytest.mark.server)]
)
def test_refresh_is_one_statement(request: pytest.FixtureRequest, place: str) -> None:
    engine: Engine = request.getfixturevalue(place)
    store = open_sql_sessions(engine.url, upgrade=False)
    session = new_session("ada", NOW, LIVES)
    with recording() as sent:
        store.start(session, None, LIVES)
        refresh(store, session.id, 1, NOW, LIVES)  # PostgreSQL's clock is queried occasionally
        sent.clear()
        refresh(store, session.id, 2, NOW, LIVES)
    store.close()
    assert [statement.split()[0] for statement, _ in sent] == ["UPDATE"]
