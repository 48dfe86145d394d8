"""Apply migrations with Alembic."""

from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from flask_watchword.infra.sql import migrations
from flask_watchword.infra.sql.tables import VERSION_TABLE

SCRIPTS = ScriptDirectory(str(Path(migrations.__file__).parent))


def apply_migrations(connection: Connection) -> None:
    """Apply the missing migrations in the current transaction of a connection.

    ``alembic.context`` is not used: the ``env.py`` of an application may have imported the
    application that called this, and then the context is that environment's.
    """
    options = {
        "fn": lambda current, _context: SCRIPTS._upgrade_revs("head", current),
        "script": SCRIPTS,
        "version_table": VERSION_TABLE,
        # The caller's transaction includes everything, table definitions too.
        "transactional_ddl": True,
    }
    context = MigrationContext.configure(connection, opts=options)
    with Operations.context(context):
        context.run_migrations()
