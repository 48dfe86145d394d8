"""Record the statements sent to a database, by SQLAlchemy or directly through the driver."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.pool import Pool


@contextmanager
def recording() -> Iterator[list[tuple[str, Any]]]:
    """Record every statement and its parameters on connections made from now on."""
    sent: list[tuple[str, Any]] = []

    class RecordingCursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            sent.append((query, params))
            return super().execute(query, params, **options)

    def record(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.set_trace_callback(lambda statement: sent.append((statement, ())))
        else:
            connection.cursor_factory = RecordingCursor

    event.listen(Pool, "connect", record)
    try:
        yield sent
    finally:
        event.remove(Pool, "connect", record)


def about_our_tables(sent: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [(statement, values) for statement, values in sent if "watchword_" in statement]
