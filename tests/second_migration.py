"""A second migration for tests of upgrades: the package has only the first one."""

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from flask_watchword.infra.sql import migrations, run_migrations, schema

FIRST, SECOND = "0001", "0002"

_SCRIPT = f"""
import sqlalchemy as sa
from alembic import op

revision = "{SECOND}"
down_revision = "{FIRST}"


def upgrade():
    op.create_table("watchword_second", sa.Column("id", sa.Integer, primary_key=True))
"""


def add_second_migration(monkeypatch: pytest.MonkeyPatch, folder: Path, then: str = "pass") -> None:
    """Add a migration that creates the table ``watchword_second`` and then runs a statement."""
    (folder / "r0002_second.py").write_text(f"{_SCRIPT}    {then}\n")
    package = Path(migrations.__file__).parent
    locations = [str(package / "versions"), str(folder)]
    scripts = ScriptDirectory(str(package), version_locations=locations)
    monkeypatch.setattr(run_migrations, "SCRIPTS", scripts)
    monkeypatch.setattr(schema, "REVISIONS", (FIRST, SECOND))
