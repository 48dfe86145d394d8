"""Bring the schema of a database up to date, however many processes try at once."""

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine

from flask_watchword.stores.errors import StoreUnavailable
from flask_watchword.stores.sql.engine import writing

# Any number will do that the application does not use for an advisory lock of its own.
_SCHEMA_LOCK = 0x57_61_74_63_68_77_73

# Alembic keeps what it is doing in variables of its modules.
_one_thread = threading.Lock()


def upgrade_schema(engine: Engine) -> None:
    """Apply the migrations that are missing, all of them or none.

    The first process holds a lock until it commits; whoever comes second waits for it and then
    finds nothing left to do. With SQLite the lock is the write lock of the transaction: give the
    engine a ``busy_seconds`` that outlasts a migration.

    Raises:
        StoreUnavailable: when the database cannot be opened or stays locked.
    """
    if engine.dialect.name == "sqlite":
        _create_file(engine)
    config = Config()
    config.set_main_option("script_location", "flask_watchword.stores.sql:migrations")
    # Named with the folder's separator spelled out: Alembic warns where it has to guess.
    config.set_main_option("path_separator", "os")
    with _one_thread, writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            _lock(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _create_file(engine: Engine) -> None:
    # Left to SQLite, every user of the machine could read the password hashes.
    file = Path(engine.url.database or "")
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise StoreUnavailable(f"cannot open {file}: {error.strerror}") from error


def _lock(connection: Connection) -> None:
    # A migration takes as long as it takes, and so does waiting for another one's.
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})")
