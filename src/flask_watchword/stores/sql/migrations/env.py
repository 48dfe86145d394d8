"""Alembic reads this file for each run; the connection comes from ``upgrade_schema``."""

from alembic import context

from flask_watchword.stores.sql.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # SQLite's ALTER TABLE is poor: later migrations copy the table instead.
    render_as_batch=True,
    # The caller's transaction holds everything, table definitions included.
    transactional_ddl=True,
)
context.run_migrations()
