"""For the Alembic migrations of an application whose database has our tables as well."""

from flask_watchword.infra.table_names import include_name

__all__ = ["include_name"]
