"""The statements and transactions that one thread sends to a database."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import event
from sqlalchemy.pool import Pool

#: What a thread reads as soon as a session has ended, or a request that is faster.
_FOLLOWED = ("FROM watchword_epoch", "FROM watchword_revocations")

_BEGIN, _END = ("BEGIN",), ("COMMIT", "ROLLBACK")


@dataclass
class Count:
    """What was sent since the last :meth:`reset`.

    Attributes:
        statements: without those that begin and end a transaction.
        transactions: explicit ones, and statements outside of one that change rows.
        reads: statements outside of a transaction that only read.
        sent: the statements, for the message of a failing test.
    """

    statements: int = 0
    transactions: int = 0
    reads: int = 0
    sent: list[str] = field(default_factory=list)

    def reset(self) -> None:
        self.statements = self.transactions = self.reads = 0
        self.sent.clear()

    def add(self, statement: str, *, inside: bool) -> None:
        word = statement.split(None, 1)[0].upper()
        if not inside and any(followed in statement for followed in _FOLLOWED):
            return
        self.sent.append(statement)
        if word in _BEGIN:
            self.transactions += 1
        elif word not in _END:
            self.statements += 1
            if not inside and word == "SELECT":
                self.reads += 1
            elif not inside:
                self.transactions += 1


@contextmanager
def counting() -> Iterator[Count]:
    """Count what connections that are made from now on send for this thread."""
    thread, count = threading.get_ident(), Count()
    inside: set[int] = set()  # connections in a transaction

    def note(connection: object, statement: str) -> None:
        word = statement.split(None, 1)[0].upper()
        if threading.get_ident() == thread:
            count.add(statement, inside=id(connection) in inside)
        if word in _BEGIN:
            inside.add(id(connection))
        elif word in _END:
            inside.discard(id(connection))

    class CountingCursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            connection = self.connection
            is_idle = connection.pgconn.transaction_status == TransactionStatus.IDLE
            if not connection.autocommit and is_idle:
                note(connection, "BEGIN")  # which the driver sends by itself
            elif connection.autocommit and is_idle and not connection.pgconn.pipeline_status:
                inside.discard(id(connection))  # the end of that transaction is no statement
            note(connection, query)
            return super().execute(query, params, **options)

    def watch(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.set_trace_callback(lambda statement: note(connection, statement))
        else:
            connection.cursor_factory = CountingCursor

    event.listen(Pool, "connect", watch)
    try:
        yield count
    finally:
        event.remove(Pool, "connect", watch)
