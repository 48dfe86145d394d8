"""The SQL store: SQLAlchemy Core for the statements, Alembic for the schema."""
