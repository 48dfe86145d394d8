"""Every statement about accounts uses an index, so that it stays fast with a million users."""

from uuid import uuid4

import pytest
from sqlalchemy import URL, Engine

from flask_watchword.accounts.user_store import UserStore
from flask_watchword.infra.sql.api_tokens import SqlApiTokenStore
from flask_watchword.infra.sql.audit import SqlAuditLog
from flask_watchword.infra.sql.codes import SqlCodeStore
from flask_watchword.infra.sql.engine import open_engine, writing
from flask_watchword.infra.sql.outbox import purge_mail
from flask_watchword.infra.sql.rate_limits import SqlRateLimitStore
from flask_watchword.infra.sql.schema import upgrade_schema
from flask_watchword.infra.sql.users import SqlUserStore
from tests.infra.sql.recorded_statements import about_our_tables, recording
from tests.servers.postgres import new_database

NOW = 1_700_000_000.0


def read_and_clean_up(engine: Engine) -> None:
    """Call every method of the account stores that selects by something else than an id."""
    users: UserStore = SqlUserStore(engine)
    users.by_email("ada@example.com")
    users.hold_admins()
    users.count()
    users.page(after="ada@example.com")
    users.page(search="no such text")
    users.page(search="ad")
    log = SqlAuditLog(engine)
    log.newest(10)
    log.newest(10, subject="ada", before=1_000)
    log.newest(10, event="login")
    log.newest(10, subject="ada", event="login")
    log.after(10, 10)
    SqlCodeStore(engine).purge(NOW, 10)
    SqlRateLimitStore(engine).purge(int(NOW), 10)
    SqlApiTokenStore(engine).purge(NOW, 10)
    SqlApiTokenStore(engine).of_owner("ada")
    purge_mail(engine, NOW, 10)


def plans(engine: Engine, explain: str) -> dict[str, str]:
    """Return the plan of each statement that `read_and_clean_up` sends."""
    recorded = open_engine(engine.url)
    with recording() as sent:
        read_and_clean_up(recorded)
    recorded.dispose()
    found = {}
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, values in about_our_tables(sent):
            plan = connection.exec_driver_sql(f"{explain} {statement}", values)
            found[f"{statement} {values}"] = "\n".join(str(row[-1]) for row in plan)
    assert len(found) >= 14
    return found


def test_sqlite_scans_no_table_but_the_index_of_keys_for_a_part_of_an_address(
    engine: Engine,
) -> None:
    for statement, plan in plans(engine, "EXPLAIN QUERY PLAN").items():
        tables = [
            step
            for step in plan.splitlines()
            if step.startswith("SCAN watchword_") and " INDEX " not in step
        ]
        # The table is tiny, and its rows are in the order of their numbers.
        in_order = [f"SCAN {name}" for name in ("watchword_audit", "watchword_audit_head")]
        assert [step for step in tables if step not in in_order] == [], statement


def add_users(engine: Engine) -> None:
    """Add users, of whom one is an administrator, and update the planner's statistics."""
    with writing(engine) as connection:
        connection.exec_driver_sql(
            "INSERT INTO watchword_users (id, email, email_key, password_hash, created_at, roles) "
            "SELECT md5(n::text), 'u' || md5(n::text), 'u' || md5(n::text), '', 0, "
            "CASE n WHEN 7 THEN 'editor admin' ELSE '' END FROM generate_series(1, 20000) n"
        )
        connection.exec_driver_sql("ANALYZE")


@pytest.mark.server
def test_postgresql_scans_no_table(postgres_engine: Engine) -> None:
    add_users(postgres_engine)
    found = plans(postgres_engine, "EXPLAIN")
    for statement, plan in found.items():
        assert "Seq Scan on watchword_" not in plan.replace(
            "Seq Scan on watchword_audit_head", ""
        ), statement
    by_text = [plan for statement, plan in found.items() if "no such text" in statement]
    assert by_text
    assert all("ix_watchword_users_search" in plan for plan in by_text)


@pytest.mark.server
def test_administrators_are_found_by_their_index(postgres_engine: Engine) -> None:
    add_users(postgres_engine)
    (plan,) = [
        plan
        for statement, plan in plans(postgres_engine, "EXPLAIN").items()
        if "' admin '" in statement
    ]
    assert "ix_watchword_users_admins" in plan
    assert len(SqlUserStore(postgres_engine).hold_admins()) == 1


@pytest.mark.server
def test_role_that_cannot_create_the_extension_can_search(
    postgres_server: URL, postgres_engine: Engine
) -> None:
    add_users(postgres_engine)
    found = SqlUserStore(postgres_engine).page(search="c4ca")
    with new_database(postgres_server, f"watchword_{uuid4().hex}") as url:
        role = f"app_{uuid4().hex}"
        owner = open_engine(url)
        with writing(owner) as connection:
            connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN PASSWORD 'app'")
            connection.exec_driver_sql(f"GRANT ALL ON SCHEMA public TO {role}")
        app = open_engine(url.set(username=role, password="app"))
        upgrade_schema(app)
        add_users(app)
        assert SqlUserStore(app).page(search="c4ca") == found != []
        with writing(app) as connection:
            extensions = connection.exec_driver_sql("SELECT extname FROM pg_extension")
            assert "pg_trgm" not in extensions.scalars().all()
        app.dispose()
        owner.dispose()
