"""Bring the schema of a database up to date, however many processes try at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from flask_watchword.stores.errors import StoreUnavailable
from flask_watchword.stores.sql.engine import writing


def upgrade_schema(engine: Engine) -> None:
    """Apply the migrations that are missing, all of them or none.

    The lock is the transaction: the first process holds the database's write lock until it
    commits, whoever comes second waits for it and then finds nothing left to do. Give the engine
    a ``busy_seconds`` that outlasts a migration.

    Raises:
        StoreUnavailable: when the database cannot be opened or stays locked.
    """
    _create_file(engine)
    config = Config()
    config.set_main_option("script_location", "flask_watchword.stores.sql:migrations")
    # Named with the folder's separator spelled out: Alembic warns where it has to guess.
    config.set_main_option("path_separator", "os")
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _create_file(engine: Engine) -> None:
    # Left to SQLite, every user of the machine could read the password hashes.
    file = Path(engine.url.database or "")
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise StoreUnavailable(f"cannot open {file}: {error.strerror}") from error
