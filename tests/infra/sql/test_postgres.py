"""Behaviour specific to PostgreSQL: order of the log, timeouts, and a server that restarts."""

import contextlib
import gc
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, Engine, create_engine, make_url, text

from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.sql.bounded_connection import (
    BoundedConnection,
    limit_waiting,
    without_time_limit,
)
from flask_watchword.infra.sql.engine import open_engine, reading, transactions, writing
from flask_watchword.infra.sql.executor import EngineDatabase
from flask_watchword.infra.sql.factory import open_sql_sessions
from flask_watchword.infra.sql.postgres_feed import PostgresFeed
from flask_watchword.infra.sql.schema import upgrade_schema
from flask_watchword.infra.sql.sessions import SqlSessionStore
from flask_watchword.sessions.revocation import Revocation, RevocationKind
from flask_watchword.sessions.session import SIGNED_OUT, Lifetimes, new_session
from tests.servers.postgres import PostgresServer, running_postgres
from tests.servers.valkey import wait_until

NOW = 1_700_000_000.0
LIVES = Lifetimes()


def token(name: str) -> Revocation:
    return Revocation(RevocationKind.TOKEN, name, NOW, NOW + 900)


@pytest.mark.server
def test_log_numbers_are_assigned_in_commit_order(
    postgres_engine: Engine,
) -> None:
    """Otherwise a follower that has seen a higher number would miss a lower one."""
    hasty = SqlSessionStore(open_engine(postgres_engine.url, busy_seconds=0.2))
    feed = PostgresFeed(postgres_engine)
    with transactions(postgres_engine).begin() as connection:
        feed.before_logging(connection)
        connection.exec_driver_sql(
            "INSERT INTO watchword_revocations (kind, value, moment, until) "
            "VALUES ('token', 'first', 0, 9e9)"
        )
        with pytest.raises(StoreUnavailable, match="timeout"):
            hasty.revoke(token("second"))
    hasty.revoke(token("second"))
    assert [entry.value for entry in hasty.revocations(0, NOW).entries] == ["first", "second"]
    hasty.close()
    feed.close()


@pytest.mark.server
def test_statement_over_the_time_limit_is_an_unavailable_store(postgres_engine: Engine) -> None:
    hasty = open_engine(postgres_engine.url, busy_seconds=0.1)
    with pytest.raises(StoreUnavailable, match="timeout"), reading(hasty) as connection:
        connection.exec_driver_sql("SELECT pg_sleep(30)")
    hasty.dispose()


@pytest.mark.server
def test_libpq_options_of_a_url_override_the_defaults(postgres_engine: Engine) -> None:
    url = postgres_engine.url.update_query_dict({"application_name": "shop"})
    engine = open_engine(url)
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SHOW application_name").scalar() == "shop"
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "1100ms"
    engine.dispose()


@pytest.mark.server
def test_server_without_the_schema_is_an_unavailable_store(postgres_server: URL) -> None:
    store = open_sql_sessions(postgres_server, upgrade=False)
    with pytest.raises(StoreUnavailable, match="does not exist"):
        store.get("x")
    store.close()


def test_server_error_is_one_line() -> None:
    engine = open_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    store = SqlSessionStore(engine)
    with pytest.raises(StoreUnavailable) as queried:
        store.get("any")
    with pytest.raises(StoreUnavailable) as followed:
        store.wait_for_change(0.0)
    for raised in (queried, followed):
        assert "Connection refused" in str(raised.value)
        assert len(str(raised.value).splitlines()) == 1
        assert "sqlalche.me" not in str(raised.value)
    store.close()
    engine.dispose()


def test_unreachable_server_is_an_unavailable_store() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and not listening
        url = make_url(f"postgresql+psycopg://x@127.0.0.1:{taken.getsockname()[1]}/x")
        store = open_sql_sessions(url, upgrade=False)
        with pytest.raises(StoreUnavailable):
            store.get("x")
        with pytest.raises(StoreUnavailable):
            store.wait_for_change(0.0)
        store.close()


def listeners(engine: Engine) -> int:
    with reading(engine) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN %%'"
        return int(connection.exec_driver_sql(query).scalar() or 0)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.server
def test_store_that_was_not_closed_leaves_no_connection_open(postgres_engine: Engine) -> None:
    before, files = listeners(postgres_engine), open_files()
    feed = PostgresFeed(postgres_engine)
    feed.wait(0.0, lambda: False)
    assert listeners(postgres_engine) == before + 1
    del feed
    gc.collect()
    wait_until(lambda: listeners(postgres_engine) == before)
    assert open_files() <= files


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.mark.server
def test_restarted_server_is_used_again(server: PostgresServer) -> None:
    store = open_sql_sessions(server.url)
    session = new_session("ada", NOW, LIVES)
    store.start(session, None, LIVES)
    store.wait_for_change(0.0)
    store.get(session.id)  # one connection is in the pool, beside the one that listens

    # Down and back before the next request, so that no caller notices.
    server.stop()
    server.start()
    assert store.get(session.id) == session

    server.stop()
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            store.rotate(session.id, 1, NOW, LIVES)
    with contextlib.suppress(StoreUnavailable):
        store.wait_for_change(5.0)  # the server may still send a farewell message before the end
    with pytest.raises(StoreUnavailable):
        store.wait_for_change(5.0)

    server.start()
    assert store.rotate(session.id, 1, NOW, LIVES)
    store.wait_for_change(5.0)
    waiting = threading.Thread(target=store.wait_for_change, args=(60.0,), daemon=True)
    waiting.start()
    for number in range(200):
        store.revoke(token(str(number)))
        waiting.join(0.05)
        if not waiting.is_alive():
            break
    assert not waiting.is_alive()
    store.close()


@pytest.mark.server
def test_frozen_server_is_an_unavailable_store_until_it_resumes(
    server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_engine(server.url, busy_seconds=0.3)
    upgrade_schema(engine)
    store = SqlSessionStore(engine)
    session = new_session("ada", NOW, LIVES)
    store.start(session, None, LIVES)
    store.wait_for_change(0.0)
    with ThreadPoolExecutor(40) as many:
        # More concurrent calls than connections: pooled, reserved, and new ones.
        assert set(many.map(lambda _: store.get(session.id), range(80))) == {session}
        with server.frozen():
            began = time.monotonic()
            raised = set(many.map(lambda _: _is_unavailable(store, session.id), range(200)))
            assert raised == {True}
            with pytest.raises(StoreUnavailable), writing(engine) as connection:
                connection.execute(text("SELECT 1"))
            with pytest.raises(StoreUnavailable), reading(engine) as connection:
                connection.execute(text("SELECT 1"))
            # One caller waits for the server, or a few that started together; not one after the
            # other.
            assert time.monotonic() - began < 10.0
        wait_until(lambda: not _is_unavailable(store, session.id))
        assert set(many.map(lambda _: store.get(session.id), range(80))) == {session}
    assert caplog.records == []
    store.close()
    engine.dispose()


@pytest.mark.server
@pytest.mark.parametrize("autocommit", [True, False])
def test_connection_lost_during_a_statement_logs_no_traceback(
    server: PostgresServer, caplog: pytest.LogCaptureFixture, autocommit: bool
) -> None:
    # Alone, in a transaction, and on an application's own engine, which rolls back itself.
    engine = open_engine(server.url) if autocommit else create_engine(server.url)
    sleeping = text("SELECT pg_sleep(60)")
    alone = EngineDatabase(engine, kept=1)

    def in_transaction() -> None:
        with writing(engine) as connection, without_time_limit(connection):
            connection.execute(sleeping)

    with ThreadPoolExecutor(2) as two:
        lost: list[Future[object]] = [two.submit(alone.rows, sleeping), two.submit(in_transaction)]
        wait_until(lambda: _sleeping(server.url) == len(lost))
        server.stop()
        assert {type(one.exception(10.0)) for one in lost} == {StoreUnavailable}
    assert caplog.records == []
    alone.close()
    engine.dispose()


@pytest.mark.server
def test_connection_returned_during_an_outage_logs_no_traceback(
    postgres_engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_engine(postgres_engine.url)
    with reading(engine) as connection:
        connection.execute(text("SELECT 1"))
        driver = connection.connection.driver_connection
        assert isinstance(driver, BoundedConnection)
        driver.breaker.record_timeout()  # as if another caller had detected the outage
    assert caplog.records == []
    engine.dispose()


def _sleeping(server: URL) -> int:
    with psycopg.connect(server.set(drivername="postgresql").render_as_string()) as connection:
        queried = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
        found = connection.execute(queried).fetchone()
    assert found is not None
    return int(found[0])


def _is_unavailable(store: SqlSessionStore, session_id: str) -> bool:
    try:
        store.get(session_id)
    except StoreUnavailable:
        return True
    return False


@pytest.mark.server
def test_slow_server_that_sends_data_is_waited_for(postgres_engine: Engine) -> None:
    hasty = open_engine(postgres_engine.url.update_query_dict({"options": "-c jit=off"}))
    limit_waiting(hasty, 0.4, connect_seconds=None)
    rows = "SELECT repeat('x', 100000), pg_sleep(0.01) FROM generate_series(1, 100)"
    with reading(hasty) as connection:
        assert len(connection.exec_driver_sql(rows).all()) == 100
    hasty.dispose()


@pytest.mark.server
def test_engine_of_an_application_survives_a_server_restart(
    server: PostgresServer,
) -> None:
    theirs = create_engine(server.url, pool_size=4)
    store = open_sql_sessions(theirs)
    session = new_session("ada", NOW, LIVES)
    store.start(session, None, LIVES)
    with theirs.connect(), theirs.connect(), theirs.connect():
        pass  # so many connections are in the pool
    server.stop()
    server.start()
    assert store.rotate(session.id, 1, NOW, LIVES)
    server.stop()
    server.start()
    assert store.end(session.id, NOW, SIGNED_OUT, LIVES)
    server.stop()
    server.start()
    with theirs.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    store.close()
    theirs.dispose()


@pytest.mark.server
def test_notice_of_the_server_does_not_cost_a_connection(postgres_engine: Engine) -> None:
    theirs = create_engine(postgres_engine.url, pool_size=1, max_overflow=0)
    store = open_sql_sessions(theirs)
    with theirs.connect() as connection:
        number = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        connection.exec_driver_sql("LISTEN mentioned")
        connection.commit()
    with writing(postgres_engine) as connection:
        connection.exec_driver_sql("NOTIFY mentioned")
    store.get("x")
    with theirs.connect() as connection:
        assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar() == number
    store.close()
    theirs.dispose()


def connections(name: str, engine: Engine, *, end: bool = False) -> int:
    """Count the connections of an application, and end them."""
    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = :name"
    statement = text(count.replace("*", "pg_terminate_backend(pid)") if end else count)
    with reading(engine) as connection:
        number: int = connection.execute(statement, {"name": name}).scalar_one()
        return number


def all_are_gone(name: str, engine: Engine) -> bool:
    """Wait until the server has noticed that an application has no connection any more."""
    for _ in range(200):
        if connections(name, engine) == 0:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.server
def test_pooled_connection_that_was_dropped_is_not_used(
    postgres_engine: Engine,
) -> None:
    url = postgres_engine.url.update_query_dict({"application_name": "dropped"})
    store = open_sql_sessions(url, upgrade=False)
    session = new_session("ada", NOW, LIVES)
    store.start(session, None, LIVES)
    assert connections("dropped", postgres_engine, end=True) == 1
    assert all_are_gone("dropped", postgres_engine)
    assert store.rotate(session.id, 1, NOW, LIVES)
    store.close()


@pytest.mark.server
def test_closed_store_leaves_no_connection_behind(postgres_engine: Engine) -> None:
    url = postgres_engine.url.update_query_dict({"application_name": "left behind"})
    store = open_sql_sessions(url, upgrade=False)
    store.get("x")
    assert connections("left behind", postgres_engine) == 1
    store.close()
    assert all_are_gone("left behind", postgres_engine)


@pytest.mark.server
def test_statement_whose_connection_is_lost_is_not_sent_again(postgres_engine: Engine) -> None:
    """Otherwise a committed refresh would be sent again, and look like a reused token."""
    store = SqlSessionStore(postgres_engine, owned=False)
    session = new_session("ada", NOW, LIVES)
    store.start(session, None, LIVES)
    with writing(postgres_engine) as connection:
        for statement in _HANG_UP_ONCE:
            connection.exec_driver_sql(statement)
    try:
        with pytest.raises(StoreUnavailable):
            store.rotate(session.id, 1, NOW, LIVES)
        assert store.rotate(session.id, 1, NOW, LIVES)
    finally:
        with writing(postgres_engine) as connection:
            connection.exec_driver_sql("DROP FUNCTION hang_up CASCADE")
            connection.exec_driver_sql("DROP SEQUENCE times_hung_up")
        store.close()


# A sequence advances even if the transaction is rolled back.
_HANG_UP_ONCE = (
    "CREATE SEQUENCE times_hung_up",
    "CREATE FUNCTION hang_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF nextval('times_hung_up') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; "
    "RETURN new; END $$",
    "CREATE TRIGGER hang_up AFTER UPDATE ON watchword_sessions "
    "FOR EACH ROW EXECUTE FUNCTION hang_up()",
)
