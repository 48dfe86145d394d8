"""SQL stores: SQLAlchemy Core for the statements, Alembic for the schema."""
