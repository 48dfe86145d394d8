"""For Alembic migrations of an application whose database also has this package's tables."""

from flask_watchword.infra.table_names import include_name

__all__ = ["include_name"]
