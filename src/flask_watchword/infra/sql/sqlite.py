"""How SQLite is opened and how its transactions begin."""

import sqlite3
import time
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

#: The execution option of a transaction that writes.
WRITES = "watchword_writes"

#: Seconds between two attempts to switch a new file to WAL.
_WAL_PAUSE = 0.005


class _PooledConnection(sqlite3.Connection):
    """A connection that is closed when its engine is collected without being disposed of."""

    def __del__(self) -> None:
        # From Python 3.13 on the driver would warn of a connection that was not closed.
        pass


def open_engine(url: URL, busy_seconds: float) -> Engine:
    """Return an engine for a SQLite file."""
    # The driver must not begin transactions of its own: `_begin` does, and says which kind.
    engine = create_engine(
        url,
        connect_args={
            "isolation_level": None,
            "timeout": busy_seconds,
            "factory": _PooledConnection,
        },
        hide_parameters=True,  # or a trace in the log has what was looked for
    )
    event.listen(engine, "connect", partial(_prepare_connection, busy_seconds))
    event.listen(engine, "begin", _begin)
    return engine


def is_busy(error: object) -> bool:
    """Tell whether an error means that another connection holds the lock."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _prepare_connection(busy_seconds: float, connection: Any, _record: Any) -> None:
    # WAL lets readers go on while one writes. NORMAL keeps the file consistent through a power
    # cut, which may cost the last commits only; FULL would cost five times the writes.
    cursor = connection.cursor()
    _use_wal(cursor, busy_seconds)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _use_wal(cursor: sqlite3.Cursor, busy_seconds: float) -> None:
    # Of several processes that open a new file at once all but one find it locked, and for this
    # lock alone SQLite does not wait.
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
    # The write lock is taken at the start. Taken at the first write, behind a read, it could
    # fail at once without waiting, because another writer has outdated what was read.
    if connection.get_execution_options().get(WRITES):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
