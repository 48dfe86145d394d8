"""The doctor checks the migrations of Flask-Migrate."""

from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

from flask_watchword import JWTManager
from flask_watchword.extension.checks.results import CheckResult, Level
from flask_watchword.extension.checks.runner import check_app

HEAD = "from alembic import op\n\nrevision = 'one'\ndown_revision = None\n\n\n"


def found(migrations: Path | None) -> CheckResult:
    app = Flask("shop")
    app.config.update(
        JWT_SECRET_KEY="k" * 64, SQLALCHEMY_DATABASE_URI="sqlite://", SECRET_KEY="other"
    )
    JWTManager(app)
    if migrations is not None:
        Migrate(app, SQLAlchemy(app), directory=str(migrations))
    (finding,) = [finding for finding in check_app(app) if finding.check == "migrations"]
    return finding


@pytest.mark.parametrize(
    ("body", "level"),
    [
        ("def upgrade():\n    op.drop_table('watchword_users')\n", Level.PROBLEM),
        ("def upgrade():\n    if 1:\n        op.drop_table('watchword_a')\n", Level.PROBLEM),
        ("def upgrade_shop():\n    op.drop_table('watchword_users')\n", Level.PROBLEM),
        ("def upgrade():\n    op.drop_table('notes')\n", Level.OK),
        ("def upgrade():\n    op.create_table('watchword_badges')\n", Level.OK),
        ("def downgrade():\n    op.drop_table('watchword_badges')\n", Level.OK),
        ("def upgrade():\n    op.drop_table(table_name())\n", Level.OK),
        ("this is not Python", Level.OK),
    ],
)
def test_migration_that_drops_the_services_tables_is_a_problem(
    body: str, level: Level, tmp_path: Path
) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    (versions / "one_notes.py").write_text(HEAD + body)
    finding = found(tmp_path)
    assert finding.level is level
    assert ("one_notes.py" in finding.says) is (level is Level.PROBLEM)


def test_without_flask_migrate_or_migrations_there_is_no_finding(tmp_path: Path) -> None:
    assert found(None).level is Level.OK
    assert found(tmp_path).level is Level.OK
