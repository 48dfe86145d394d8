"""SQLite engines: connection settings, and how transactions begin."""

import sqlite3
import time
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

#: Execution option of a transaction that writes.
WRITES = "watchword_writes"

#: Seconds between two attempts to switch a new file to WAL mode.
_WAL_PAUSE = 0.005


class _PooledConnection(sqlite3.Connection):
    """A connection that may be garbage-collected with its engine."""

    def __del__(self) -> None:
        # From Python 3.13 on, sqlite3 warns about unclosed connections here.
        pass


def open_engine(url: URL, busy_seconds: float) -> Engine:
    """Return an engine for a SQLite file."""
    # The driver must not begin transactions itself: `_begin` does, and chooses the kind.
    engine = create_engine(
        url,
        connect_args={
            "isolation_level": None,
            "timeout": busy_seconds,
            "factory": _PooledConnection,
        },
        hide_parameters=True,  # or tracebacks in the log contain the values of statements
    )
    event.listen(engine, "connect", partial(_prepare_connection, busy_seconds))
    event.listen(engine, "begin", _begin)
    return engine


def is_busy(error: object) -> bool:
    """Return whether an error means that another connection holds the lock."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _prepare_connection(busy_seconds: float, connection: Any, _record: Any) -> None:
    # With WAL, readers continue while one connection writes. With NORMAL, a power failure keeps the
    # file consistent and loses the last commits at most; FULL makes writes five times slower.
    cursor = connection.cursor()
    _use_wal(cursor, busy_seconds)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _use_wal(cursor: sqlite3.Cursor, busy_seconds: float) -> None:
    # When several processes open a new file at the same time, all but one find it locked, and this
    # is the one lock that SQLite does not wait for.
    give_up_at = time.monotonic() + busy_seconds
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() >= give_up_at:
                raise
            time.sleep(_WAL_PAUSE)
        else:
            return


def _begin(connection: Connection) -> None:
    # The write lock is taken at the start. If it were taken at the first write after a read, it
    # could fail without waiting, because another writer has changed what was read.
    if connection.get_execution_options().get(WRITES):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
