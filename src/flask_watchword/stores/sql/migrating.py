"""Alembic, which applies the migrations."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def migration_configuration() -> Config:
    """Return what Alembic has to know to find the migrations."""
    config = Config()
    config.set_main_option("script_location", "flask_watchword.stores.sql:migrations")
    # Named with the folder's separator spelled out: Alembic warns where it has to guess.
    config.set_main_option("path_separator", "os")
    return config


def apply_migrations(connection: Connection) -> None:
    """Apply those that are missing, in the transaction that the connection is in."""
    config = migration_configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
