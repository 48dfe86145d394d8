"""Alembic migrations of an application in a database that contains the service's tables too."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import URL, Column, Engine, Integer, MetaData, Table, create_engine, inspect

from flask_watchword.infra.sql.engine import reading
from flask_watchword.infra.sql.tables import VERSION_TABLE, metadata
from flask_watchword.migrations import include_name
from tests.servers.postgres import new_database

ROOT = Path(__file__).parents[3]
MASTER_KEY = secrets.token_urlsafe(32)
OURS = {VERSION_TABLE, *metadata.tables}

# Each argument is one `flask` command; all run in one interpreter, which is faster.
COMMANDS = """
import sys
from flask.cli import cli
for arguments in sys.argv[1:]:
    cli.main(arguments.split(), standalone_mode=False)
"""

ENV_OF_AN_APPLICATION = """
from alembic import context
config = context.config

from examples.migrated_app import app, db

with app.app_context(), db.engine.connect() as connection:
    context.configure(connection=connection, target_metadata=db.metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
ALEMBIC = """
import sys
from alembic import command
from alembic.config import Config
config = Config()
config.set_main_option("script_location", sys.argv[1])
command.revision(config, "one", autogenerate=True)
command.upgrade(config, "head")
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.server)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'notes.db'}"
        return
    server: URL = request.getfixturevalue("postgres_server")
    with new_database(server, f"watchword_{uuid4().hex}") as new:
        yield new.render_as_string(hide_password=False)


def python(program: str, *arguments: str, url: str, folder: Path) -> None:
    environment = os.environ | {
        "NOTES_DATABASE": url,
        "WATCHWORD_MASTER_KEY": MASTER_KEY,
        "FLASK_APP": str(ROOT / "examples" / "migrated_app.py"),
        "PYTHONPATH": str(ROOT),
    }
    ran = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        cwd=folder,
        env=environment,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr


def tables_at(url: str) -> set[str]:
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names()) - {"sqlite_sequence"}
    finally:
        engine.dispose()


def test_flask_migrate_generates_migrations_of_the_application_only(
    url: str, tmp_path: Path
) -> None:
    python(COMMANDS, "db init", "db migrate -m notes", "db upgrade", url=url, folder=tmp_path)
    assert tables_at(url) == {*OURS, "alembic_version", "notes"}
    (first,) = (tmp_path / "migrations" / "versions").glob("*.py")
    assert "create_table('notes'" in first.read_text()
    assert "watchword" not in first.read_text()
    python(COMMANDS, "db migrate -m again", "db downgrade base", url=url, folder=tmp_path)
    assert [*(tmp_path / "migrations" / "versions").glob("*.py")] == [first], "nothing had changed"
    assert tables_at(url) == {*OURS, "alembic_version"}


def test_alembic_environment_that_imports_the_application_migrates_it(
    url: str, tmp_path: Path
) -> None:
    (tmp_path / "versions").mkdir()
    (tmp_path / "env.py").write_text(ENV_OF_AN_APPLICATION)
    (tmp_path / "script.py.mako").write_text(
        "from alembic import op\nimport sqlalchemy as sa\n"
        "revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n"
        "def upgrade():\n    ${upgrades}\ndef downgrade():\n    ${downgrades}\n"
    )
    python(ALEMBIC, str(tmp_path), url=url, folder=tmp_path)
    assert tables_at(url) == {*OURS, "alembic_version", "notes"}


def test_tables_of_the_service_are_no_difference(any_engine: Engine) -> None:
    with reading(any_engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), MetaData()) == []


def test_table_declared_by_the_application_is_compared_whatever_its_name(
    any_engine: Engine,
) -> None:
    declared = MetaData()
    Table("watchword_badges", declared, Column("id", Integer, primary_key=True))
    with reading(any_engine) as connection:
        ((what, table),) = compare_metadata(MigrationContext.configure(connection), declared)
    assert (what, table.name) == ("add_table", "watchword_badges")


@pytest.mark.parametrize(
    ("name", "kind", "included"),
    [
        ("watchword_users", "table", False),
        ("watchword_alembic_version", "table", False),
        ("users", "table", True),
        ("watchwords", "table", True),
        (None, "schema", True),
        ("watchword_users", "schema", True),
        ("ix_watchword_outbox_due_at", "index", True),
    ],
)
def test_filter_leaves_out_only_the_tables_of_the_service(
    name: str | None, kind: str, included: bool
) -> None:
    assert include_name(name, kind, {"schema_name": None}) is included
    assert include_name(name, kind) is included
