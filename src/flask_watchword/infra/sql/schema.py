"""Upgrade the schema of a database; several processes may do so at the same time."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, inspect

from flask_watchword.infra.errors import LaterSchema, StoreUnavailable
from flask_watchword.infra.sql.autogenerate import hide_tables
from flask_watchword.infra.sql.engine import reading, writing
from flask_watchword.infra.sql.tables import VERSION_TABLE
from flask_watchword.locks import process_lock

#: The revisions in `migrations/versions`, oldest first. They are repeated here so that a service
#: whose schema is up to date starts without importing Alembic.
REVISIONS = ("0001",)

# An arbitrary number; it must differ from the advisory locks of the application.
_SCHEMA_LOCK = 0x57_61_74_63_68_77_73

# Alembic keeps its state in module variables.
_one_thread = process_lock()


@dataclass(frozen=True, slots=True)
class Revision:
    """The revision of the schema of a database.

    Attributes:
        current: the migration applied last; ``None`` if none has been applied.
        newest: the newest migration of this version of the package.
        is_known: whether this version of the package contains the current revision. If not, a
            later version has upgraded the database.
    """

    current: str | None
    newest: str
    is_known: bool

    @property
    def is_newest(self) -> bool:
        """Return whether no migration is missing."""
        return self.current == self.newest


def schema_revision(engine: Engine) -> Revision:
    """Return the revision of the schema; change nothing and create no file.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    # Connecting would create the file, readable by every user of the machine.
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        return _revision(None)
    with reading(engine) as connection:
        return _revision(connection)


def upgrade_schema(engine: Engine) -> None:
    """Apply all missing migrations in one transaction.

    If none is missing, this reads the revision and does nothing else. Otherwise the first process
    holds a lock until it commits; the others wait for it and find nothing left to apply. With
    SQLite the lock is the write lock of the transaction: give the engine a ``busy_seconds`` longer
    than a migration.

    Raises:
        LaterSchema: when a later version of the package has upgraded the database.
        StoreUnavailable: when the database cannot be opened or stays locked.
    """
    hide_tables()
    if engine.dialect.name == "sqlite":
        _create_file(engine)
    if schema_revision(engine).is_newest:
        return
    # Imported here, because importing Alembic takes a tenth of a second.
    from flask_watchword.infra.sql.run_migrations import apply_migrations

    with _one_thread(), writing(engine) as connection, _schema_lock(connection):
        revision = _revision(connection)
        if not revision.is_known:
            raise LaterSchema(revision.current, revision.newest)
        apply_migrations(connection)


def _revision(connection: Connection | None) -> Revision:
    current = None
    if connection is not None and inspect(connection).has_table(VERSION_TABLE):
        current = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()  # noqa: S608 - a name of our own
    return Revision(current, REVISIONS[-1], current is None or current in REVISIONS)


def _create_file(engine: Engine) -> None:
    # SQLite would create the file so that every user of the machine can read the password hashes.
    file = Path(engine.url.database or "")
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise StoreUnavailable(f"cannot open {file}: {error.strerror}") from error


@contextlib.contextmanager
def _schema_lock(connection: Connection) -> Iterator[None]:
    """Hold the lock for migrations, without time limits on waiting and on migrating."""
    if connection.dialect.name != "postgresql":
        yield
        return
    # Imported here, because an application that uses only SQLite has no psycopg.
    from flask_watchword.infra.sql.bounded_connection import without_time_limit

    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
    with without_time_limit(connection):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})")
        yield


def create_tables(engine: Engine, tables: Sequence[Table]) -> None:
    """Create the tables that features of an application declare, where they are missing.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    if tables:
        with writing(engine) as connection:
            for table in tables:
                table.create(connection, checkfirst=True)
