"""A transaction whose statements go to the database driver directly."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Engine, Executable
from sqlalchemy.pool import PoolProxiedConnection

from flask_watchword.infra.sql.driver import (
    NO_VALUES,
    Driver,
    Statements,
    Values,
    count_of,
    rows_of,
)

# As `transactions` in `engine.py`: with SQLite the write lock is taken at the start.
_BEGIN = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "BEGIN ISOLATION LEVEL READ COMMITTED"}

_T = TypeVar("_T")


class DriverTransaction:
    """Executes the statements of one transaction, and commits or rolls it back.

    With PostgreSQL the statements are sent in a pipeline: only those whose result is read wait for
    the server, so that several take one round trip.

    Args:
        engine: the engine of the connection.
        driver: compiles and executes statements.
        pooled: the connection, which is not in a transaction.
    """

    def __init__(self, engine: Engine, driver: Driver, pooled: PoolProxiedConnection) -> None:
        self._engine = engine
        self._driver = driver
        self._pooled = pooled
        self._own: Any = pooled.dbapi_connection
        self._connection: Connection | None = None
        self._pipeline: Any = None
        self._stack = contextlib.ExitStack()

    @property
    def dialect(self) -> Dialect:
        """Return the dialect of the database."""
        return self._engine.dialect

    @property
    def connection(self) -> Connection:
        """Return SQLAlchemy's connection in this transaction, for other statements than constants.

        The caller must not commit it.
        """
        if self._connection is None:
            self._end_pipeline()  # in which SQLAlchemy would not see the number of affected rows
            self._connection = Connection(self._engine, self._pooled)
        return self._connection

    @property
    def may_be_kept(self) -> bool:
        """Tell whether nothing but the caller refers to the connection.

        SQLAlchemy's connection is part of a reference cycle: until it is collected, its pool would
        count a connection that was kept as in use.
        """
        return self._connection is None

    def begin(self) -> None:
        """Begin the transaction."""
        if self._driver.has_pipelines:
            self._pipeline = self._stack.enter_context(self._own.pipeline())
        self._own.cursor().execute(_BEGIN[self._engine.dialect.name])

    def commit(self) -> None:
        """Commit the transaction."""
        self._own.cursor().execute("COMMIT")
        self._end_pipeline()

    def rollback(self) -> None:
        """Roll the transaction back; on a lost connection there is nothing to roll back."""
        with contextlib.suppress(self._driver.errors):
            self._end_pipeline()
        with contextlib.suppress(self._driver.errors):
            self._own.cursor().execute("ROLLBACK")

    def rows(self, statement: Executable, values: Values = NO_VALUES) -> Sequence[tuple[Any, ...]]:
        """Return the rows that a statement selects or returns."""
        return rows_of(self._execute(statement, values))

    def count(self, statement: Executable, values: Values = NO_VALUES) -> int:
        """Execute a statement without a result; return the number of affected rows."""
        cursor = self._execute(statement, values)
        if self._pipeline is not None:
            self._pipeline.sync()
        return count_of(cursor)

    def send(self, statement: Executable, values: Values = NO_VALUES) -> None:
        """Execute a statement whose result is not needed."""
        self._execute(statement, values)

    def transact(self, work: Callable[[Statements], _T]) -> _T:
        """Run a function in this transaction."""
        return work(self)

    def _execute(self, statement: Executable, values: Values) -> Any:
        # A cursor for each: in a pipeline, a cursor has one result to come.
        return self._driver.execute(self._own.cursor(), statement, values)

    def _end_pipeline(self) -> None:
        self._pipeline = None
        self._stack.close()
