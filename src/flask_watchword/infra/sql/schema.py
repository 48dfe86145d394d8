"""Bring the schema of a database up to date, however many processes try at once."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect

from flask_watchword.infra.errors import LaterSchema, StoreUnavailable
from flask_watchword.infra.sql.autogenerate import hide_tables
from flask_watchword.infra.sql.engine import reading, writing
from flask_watchword.infra.sql.tables import VERSION_TABLE
from flask_watchword.locks import process_lock

#: The revisions of `migrations/versions`, the oldest first. Named here as well, so that a service
#: whose schema is up to date starts without Alembic.
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")

# Any number will do that the application does not use for an advisory lock of its own.
_SCHEMA_LOCK = 0x57_61_74_63_68_77_73

# Alembic keeps what it is doing in variables of its modules.
_one_thread = process_lock()


@dataclass(frozen=True, slots=True)
class Revision:
    """Where the schema of a database stands.

    Attributes:
        current: the migration applied last; ``None`` where there was none yet.
        newest: the last one that this version of the package has.
        is_known: whether this version has the current one. If not, a later version was here.
    """

    current: str | None
    newest: str
    is_known: bool

    @property
    def is_newest(self) -> bool:
        """Tell whether nothing is left to apply."""
        return self.current == self.newest


def schema_revision(engine: Engine) -> Revision:
    """Return where the schema stands; nothing is changed, and no file is made.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    # To connect would make the file, and leave it readable for every user of the machine.
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        return _standing(None)
    with reading(engine) as connection:
        return _standing(connection)


def upgrade_schema(engine: Engine) -> None:
    """Apply the migrations that are missing, all of them or none.

    Where none is, that is all there is to find out. Otherwise the first process holds a lock until
    it commits; whoever comes second waits for it and then finds nothing left to do. With SQLite
    the lock is the write lock of the transaction: give the engine a ``busy_seconds`` that outlasts
    a migration.

    Raises:
        LaterSchema: when a later version was here.
        StoreUnavailable: when the database cannot be opened or stays locked.
    """
    hide_tables()
    if engine.dialect.name == "sqlite":
        _create_file(engine)
    if schema_revision(engine).is_newest:
        return
    # Here and not above: Alembic takes a tenth of a second to be imported.
    from flask_watchword.infra.sql.run_migrations import apply_migrations

    with _one_thread(), writing(engine) as connection, _unhurried(connection):
        standing = _standing(connection)
        if not standing.is_known:
            raise LaterSchema(standing.current, standing.newest)
        apply_migrations(connection)


def _standing(connection: Connection | None) -> Revision:
    current = None
    if connection is not None and inspect(connection).has_table(VERSION_TABLE):
        current = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()  # noqa: S608 - a name of our own
    return Revision(current, REVISIONS[-1], current is None or current in REVISIONS)


def _create_file(engine: Engine) -> None:
    # Left to SQLite, every user of the machine could read the password hashes.
    file = Path(engine.url.database or "")
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise StoreUnavailable(f"cannot open {file}: {error.strerror}") from error


@contextlib.contextmanager
def _unhurried(connection: Connection) -> Iterator[None]:
    """Hold the lock of those who migrate; waiting and migrating take as long as they take."""
    if connection.dialect.name != "postgresql":
        yield
        return
    # Here and not above: who uses SQLite alone has no psycopg.
    from flask_watchword.infra.sql.bounded_connection import patience

    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
    with patience(connection):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})")
        yield
