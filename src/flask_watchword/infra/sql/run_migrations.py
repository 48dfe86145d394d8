"""Alembic, which applies the migrations."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from flask_watchword.infra.sql import migrations
from flask_watchword.infra.sql.tables import VERSION_TABLE

SCRIPTS = ScriptDirectory(str(Path(migrations.__file__).parent))

#: Takes the revisions that a database has, and returns what to do.
Steps = Callable[[Any, MigrationContext], Any]


def apply_migrations(connection: Connection) -> None:
    """Apply those that are missing, in the transaction that the connection is in."""
    run_steps(connection, lambda current, _: SCRIPTS._upgrade_revs("head", current))


def run_steps(connection: Connection, steps: Steps) -> None:
    """Run migrations in the transaction that the connection is in.

    An ``env.py`` of the application's may have imported the application that brought us here, so
    nothing touches ``alembic.context``, which belongs to that one.
    """
    options = {
        "fn": steps,
        "script": SCRIPTS,
        "version_table": VERSION_TABLE,
        # The caller's transaction holds everything, table definitions included.
        "transactional_ddl": True,
    }
    context = MigrationContext.configure(connection, opts=options)
    with Operations.context(context):
        context.run_migrations()
