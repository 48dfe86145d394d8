import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from flask_watchword.stores.errors import StoreUnavailable
from flask_watchword.stores.sql.engine import open_engine, reading
from flask_watchword.stores.sql.schema import upgrade_schema
from flask_watchword.stores.sql.tables import metadata

UPGRADE = """
import sys
from flask_watchword.stores.sql.engine import open_engine
from flask_watchword.stores.sql.schema import upgrade_schema
sys.stdin.read()  # all of them begin at once, when the test closes this
upgrade_schema(open_engine(sys.argv[1], busy_seconds=60.0))
"""


def test_the_migrations_make_exactly_the_tables_the_code_uses(engine: Engine) -> None:
    options = {
        "version_table": "watchword_alembic_version",
        "compare_type": True,
        "compare_server_default": True,
    }
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_every_table_has_our_prefix(engine: Engine) -> None:
    assert sorted(inspect(engine).get_table_names()) == [
        "watchword_alembic_version",
        "watchword_users",
    ]


def test_upgrading_what_is_up_to_date_changes_nothing(engine: Engine) -> None:
    upgrade_schema(engine)
    with reading(engine) as connection:
        rows = connection.exec_driver_sql("SELECT * FROM watchword_alembic_version").all()
    assert len(rows) == 1


def test_processes_that_upgrade_at_the_same_moment_all_succeed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    command = [sys.executable, "-c", UPGRADE, url]
    starting = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    try:
        for process in starting:
            assert process.stdin is not None
            process.stdin.close()
            process.stdin = None
        outcomes = [
            (process.communicate(timeout=60)[1], process.returncode) for process in starting
        ]
    finally:
        for process in starting:
            process.kill()
            process.wait(10)
    assert outcomes == [("", 0)] * 4


def test_the_file_of_a_new_database_is_for_its_owner_alone(engine: Engine) -> None:
    database = engine.url.database
    assert database is not None
    assert stat.S_IMODE(Path(database).stat().st_mode) == 0o600


@pytest.mark.parametrize("where", ["missing/folder/new.db", "."])
def test_a_place_that_holds_no_file_is_an_unavailable_store(tmp_path: Path, where: str) -> None:
    with pytest.raises(StoreUnavailable):
        upgrade_schema(open_engine(f"sqlite:///{tmp_path}/{where}"))
