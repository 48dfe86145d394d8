"""Connections: how SQLite is opened, how a transaction begins, which errors mean "not now"."""

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc

from flask_watchword.stores.errors import StoreUnavailable

#: Seconds one connection waits for another's write lock before the store counts as unavailable.
BUSY_SECONDS = 2.0

_WRITES = "watchword_writes"

# Errors of the statement or of the data, which trying again would not mend.
_OUR_OWN_FAULT = (exc.IntegrityError, exc.ProgrammingError, exc.DataError, exc.NotSupportedError)


def open_engine(url: str | URL, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """Return an engine for a SQLite file; no connection is made yet.

    Args:
        url: ``sqlite:///file``.
        busy_seconds: how long a connection waits for another one's write lock.
    """
    # The driver must not begin transactions of its own: `_begin` does, and says which kind.
    engine = create_engine(url, connect_args={"isolation_level": None, "timeout": busy_seconds})
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)
    return engine


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Lend a connection for single SELECT statements, each of which sees one state.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    with _translated_errors(), engine.connect() as connection:
        yield connection


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Lend a connection inside a transaction that holds the write lock and commits at the end.

    Raises:
        StoreUnavailable: when the database does not answer, or stays locked for too long.
    """
    writer = engine.execution_options(**{_WRITES: True})
    with _translated_errors(), writer.begin() as connection:
        yield connection


def _prepare_connection(connection: Any, _record: Any) -> None:
    # WAL lets readers go on while one writes. NORMAL keeps the file consistent through a power
    # cut, which may cost the last commits only; FULL would cost five times the writes.
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # The write lock is taken at the start. Taken at the first write, behind a read, it could
    # fail at once without waiting, because another writer has outdated what was read.
    if connection.get_execution_options().get(_WRITES):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextlib.contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except _OUR_OWN_FAULT:
        raise
    except (exc.DBAPIError, exc.TimeoutError) as error:
        raise StoreUnavailable(str(getattr(error, "orig", error))) from error
