import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import URL, Engine, inspect, text

from flask_watchword.infra.errors import LaterSchema, StoreUnavailable
from flask_watchword.infra.sql.engine import open_engine, reading, writing
from flask_watchword.infra.sql.run_migrations import SCRIPTS
from flask_watchword.infra.sql.schema import (
    _SCHEMA_LOCK,
    REVISIONS,
    Revision,
    schema_revision,
    upgrade_schema,
)
from flask_watchword.infra.sql.tables import VERSION_TABLE, metadata
from tests.releases import before
from tests.second_migration import FIRST, SECOND, add_second_migration
from tests.servers.postgres import new_database

UPGRADE = """
import sys
from flask_watchword.infra.sql.engine import open_engine
from flask_watchword.infra.sql.schema import upgrade_schema
sys.stdin.read()  # all of them begin at once, when the test closes this
upgrade_schema(open_engine(sys.argv[1], busy_seconds=60.0))
"""

UP_TO_DATE = """
import sys
from flask_watchword.infra.sql.engine import open_engine
from flask_watchword.infra.sql.schema import upgrade_schema
upgrade_schema(open_engine(sys.argv[1]))
"""


@pytest.mark.skipif(before("alembic", 1, 16), reason="it compares defaults less well")
def test_migrations_create_exactly_the_tables_of_the_code(any_engine: Engine) -> None:
    options = {
        "version_table": "watchword_alembic_version",
        "compare_type": True,
        "compare_server_default": True,
        # It is not there on every server.
        "include_name": lambda name, *_: name != "ix_watchword_users_search",
    }
    with reading(any_engine) as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_revisions_are_those_of_the_migrations() -> None:
    scripts = SCRIPTS.walk_revisions()
    assert [script.revision for script in scripts] == list(reversed(REVISIONS))


def test_current_schema_is_recognised_without_alembic(engine: Engine) -> None:
    program = f"{UP_TO_DATE}\nassert 'alembic' not in sys.modules"
    subprocess.run([sys.executable, "-c", program, str(engine.url)], check=True, timeout=60)


def test_current_schema_is_recognised_during_a_write(engine: Engine) -> None:
    hasty = open_engine(engine.url, busy_seconds=0.1)
    with writing(engine):
        upgrade_schema(hasty)
    hasty.dispose()


def test_every_table_has_the_prefix(any_engine: Engine) -> None:
    names = inspect(any_engine).get_table_names()
    assert set(names) == {VERSION_TABLE, *metadata.tables}
    assert {name.startswith("watchword_") for name in names} == {True}


def test_upgrading_a_current_schema_changes_nothing(any_engine: Engine) -> None:
    upgrade_schema(any_engine)
    with reading(any_engine) as connection:
        rows = connection.exec_driver_sql("SELECT * FROM watchword_alembic_version").all()
    assert len(rows) == 1


def test_upgrade_applies_the_migrations_after_the_current_one(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_second_migration(monkeypatch, tmp_path)
    assert schema_revision(engine) == Revision(FIRST, SECOND, is_known=True)
    upgrade_schema(engine)
    assert schema_revision(engine).is_newest
    assert "watchword_second" in inspect(engine).get_table_names()


def test_failed_migration_changes_nothing(
    any_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_second_migration(monkeypatch, tmp_path, then='raise RuntimeError("half way")')
    with pytest.raises(RuntimeError, match="half way"):
        upgrade_schema(any_engine)
    assert schema_revision(any_engine) == Revision(FIRST, SECOND, is_known=True)
    assert "watchword_second" not in inspect(any_engine).get_table_names()


def test_schema_of_a_later_version_is_rejected_and_kept(any_engine: Engine) -> None:
    newest = schema_revision(any_engine).newest
    set_revision(any_engine, "9999")
    try:
        with pytest.raises(LaterSchema, match="at revision 9999, of a later version of Watchword"):
            upgrade_schema(any_engine)
        assert schema_revision(any_engine).current == "9999"
    finally:  # tests share the PostgreSQL database
        set_revision(any_engine, newest)


def set_revision(engine: Engine, revision: str) -> None:
    with writing(engine) as connection:
        connection.execute(
            text("UPDATE watchword_alembic_version SET version_num = :revision"),
            {"revision": revision},
        )


def outcomes_of_concurrent_upgrades(url: str) -> list[tuple[str, int]]:
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", UPGRADE, url],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    try:
        for process in starting:
            assert process.stdin is not None
            process.stdin.close()
            process.stdin = None
        return [(process.communicate(timeout=60)[1], process.returncode) for process in starting]
    finally:
        for process in starting:
            process.kill()
            process.wait(10)


def test_concurrent_upgrades_by_processes_all_succeed(tmp_path: Path) -> None:
    assert outcomes_of_concurrent_upgrades(f"sqlite:///{tmp_path}/new.db") == [("", 0)] * 4


@pytest.mark.server
def test_concurrent_upgrades_of_one_server_by_processes_all_succeed(
    postgres_server: URL,
) -> None:
    with new_database(postgres_server, f"watchword_{uuid4().hex}") as url:
        location = url.render_as_string(hide_password=False)
        assert outcomes_of_concurrent_upgrades(location) == [("", 0)] * 4


def test_concurrent_upgrades_by_threads_all_succeed(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/new.db", busy_seconds=30.0)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: upgrade_schema(engine), range(4)))
    assert "watchword_sessions" in inspect(engine).get_table_names()
    engine.dispose()


def test_schema_coexists_with_tables_and_migrations_of_an_application(
    any_engine: Engine,
) -> None:
    with writing(any_engine) as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('of the application')")
    try:
        upgrade_schema(any_engine)
        with reading(any_engine) as connection:
            theirs = connection.exec_driver_sql("SELECT version_num FROM alembic_version").all()
        assert [row[0] for row in theirs] == ["of the application"]
    finally:
        with writing(any_engine) as connection:
            connection.exec_driver_sql("DROP TABLE alembic_version")


def test_new_database_file_is_readable_by_its_owner_only(engine: Engine) -> None:
    database = engine.url.database
    assert database is not None
    assert stat.S_IMODE(Path(database).stat().st_mode) == 0o600


@pytest.mark.parametrize("where", ["missing/folder/new.db", "."])
def test_path_that_cannot_hold_a_file_is_an_unavailable_store(tmp_path: Path, where: str) -> None:
    with pytest.raises(StoreUnavailable):
        upgrade_schema(open_engine(f"sqlite:///{tmp_path}/{where}"))


@pytest.mark.server
def test_waiting_for_another_process_to_migrate_has_no_statement_time_limit(
    postgres_server: URL,
) -> None:
    with new_database(postgres_server, f"watchword_{uuid4().hex}") as url:
        hasty, first = open_engine(url, busy_seconds=0.1), open_engine(url)
        waiting = threading.Thread(target=upgrade_schema, args=(hasty,))
        with first.connect() as other:
            other.exec_driver_sql(f"SELECT pg_advisory_lock({_SCHEMA_LOCK})")
            waiting.start()
            waiting.join(1.0)  # the statement limit is 0.1 s, and the client gives up after 0.6 s
            assert waiting.is_alive()
            other.exec_driver_sql("SELECT pg_advisory_unlock_all()")
        waiting.join(30.0)
        assert not waiting.is_alive()
        assert schema_revision(hasty).is_newest
        with hasty.connect() as connection:
            driver: Any = connection.connection.driver_connection
            assert driver.has_time_limit
        hasty.dispose()
        first.dispose()
