"""Compile each statement once and pass it to the database driver directly.

For a single statement, or a few in a transaction, SQLAlchemy's connection takes many times as long
as the database. SQLAlchemy's events, such as ``before_cursor_execute``, do not see them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import Engine, Executable, exc
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from flask_watchword.infra.sql.engine import retry_conflicts
from flask_watchword.infra.sql.pool import ConnectionPool

Values = Mapping[str, Any]

_T = TypeVar("_T")
NO_VALUES: Values = {}

# Named parameters, as psycopg has them.
_SQLITE = SQLiteDialect_pysqlite(paramstyle="named")

# As `transactions` in `engine.py`: with SQLite the write lock is taken at the start.
_BEGIN = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "BEGIN ISOLATION LEVEL READ COMMITTED"}


class Statements(Protocol):
    """Executes statements. They are constants: each is compiled once and cached.

    All methods raise ``StoreUnavailable`` when the database does not answer.
    """

    def rows(self, statement: Executable, values: Values = NO_VALUES) -> Sequence[Sequence[Any]]:
        """Return the rows that a statement selects or returns."""

    def count(self, statement: Executable, values: Values = NO_VALUES) -> int:
        """Execute a statement without a result; return the number of affected rows."""


class Database(Statements, Protocol):
    """Executes single statements, and transactions of several."""

    def transact(self, work: Callable[[Statements], _T]) -> _T:
        """Run a function that executes several statements in one transaction.

        It may be called several times, unless this is part of the caller's transaction.
        """


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """A statement for the driver.

    Attributes:
        text: SQL with named parameters.
        constants: values that are part of the statement.
        processors: functions that convert values for the driver, by parameter.
    """

    text: str
    constants: Values
    processors: Mapping[str, Callable[[Any], Any]]

    def arguments(self, values: Values) -> dict[str, Any]:
        """Return the parameters for the driver."""
        arguments = {**self.constants, **values}
        for name, process in self.processors.items():
            arguments[name] = process(arguments[name])
        return arguments


class EngineDatabase:
    """Executes statements and transactions on connections of an engine.

    All methods raise ``StoreUnavailable`` when the database does not answer, or when conflicts with
    other transactions continue for ``BUSY_SECONDS``. A statement whose connection is lost is not
    sent again, since it may have been committed.

    Args:
        engine: the engine whose pool the connections come from.
        kept: how many idle connections are kept outside of that pool.
    """

    def __init__(self, engine: Engine, *, kept: int) -> None:
        self._pool = ConnectionPool(engine, kept)
        self._driver: Any = engine.dialect.loaded_dbapi
        self._is_postgres = engine.dialect.name == "postgresql"
        self._begin = _BEGIN[engine.dialect.name]
        self._dialect = engine.dialect if self._is_postgres else _SQLITE
        self._compiled: dict[Executable, CompiledStatement] = {}

    def rows(self, statement: Executable, values: Values = NO_VALUES) -> Sequence[tuple[Any, ...]]:
        """Return the rows that a statement selects or returns."""
        return self._single(statement, values, _rows)

    def count(self, statement: Executable, values: Values = NO_VALUES) -> int:
        """Execute a statement without a result; return the number of affected rows."""
        return self._single(statement, values, _count)

    def transact(self, work: Callable[[Statements], _T]) -> _T:
        """Run a function that executes several statements in one transaction.

        It may be called several times.
        """
        return retry_conflicts(
            lambda: self._attempt(lambda connection: self._transaction(connection, work))
        )

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.close_idle()

    def compiled(self, statement: Executable, values: Values) -> CompiledStatement:
        """Return the compiled form of a statement."""
        compiled = self._compiled.get(statement)
        if compiled is None:
            compiled = self._compiled[statement] = self._compile(statement, values)
        return compiled

    def _single(self, statement: Executable, values: Values, read: Callable[[Any], _T]) -> _T:
        compiled = self.compiled(statement, values)

        def use(connection: Any) -> _T:
            cursor = connection.cursor()
            cursor.execute(compiled.text, compiled.arguments(values))
            return read(cursor)

        return retry_conflicts(lambda: self._attempt(use))

    def _transaction(self, connection: Any, work: Callable[[Statements], _T]) -> _T:
        cursor = connection.cursor()
        cursor.execute(self._begin)
        try:
            result = work(_Transaction(self, cursor))
            cursor.execute("COMMIT")
        except BaseException:
            # On a lost connection there is nothing to roll back.
            with suppress(self._driver.Error):
                cursor.execute("ROLLBACK")
            raise
        return result

    def _compile(self, statement: Any, values: Values) -> CompiledStatement:
        dialect = self._dialect
        compiled = statement.compile(dialect=dialect, column_keys=list(values) or None)
        # By the names in the text: SQLAlchemy generates those of values in the statement.
        binds = {name: bind for bind, name in compiled.bind_names.items()}
        found = {name: bind.type.dialect_impl(dialect) for name, bind in binds.items()}
        processors = {name: kind.bind_processor(dialect) for name, kind in found.items()}
        return CompiledStatement(
            str(compiled),
            {name: value for name, value in compiled.params.items() if name not in values},
            {name: process for name, process in processors.items() if process is not None},
        )

    def _attempt(self, use: Callable[[Any], _T]) -> _T:
        done = False
        try:
            pooled = self._pool.acquire()
            try:
                with self._autocommit(pooled.dbapi_connection):
                    result = use(pooled.dbapi_connection)
                done = True
            finally:
                # After an error the engine's pool checks the connection.
                self._pool.release(pooled, keep=done)
            return result
        except self._driver.Error as error:
            # As SQLAlchemy's own error for it, so that all errors are translated in one place.
            raise exc.DBAPIError.instance(
                "", None, error, self._driver.Error, dialect=self._dialect
            ) from error

    @contextmanager
    def _autocommit(self, connection: Any) -> Iterator[None]:
        # Connections of an application's engine may not be in autocommit mode.
        needs_switch = self._is_postgres and not connection.autocommit
        if needs_switch:
            connection.autocommit = True
        try:
            yield
        finally:
            if needs_switch and not connection.closed:
                connection.autocommit = False


class _Transaction:
    """Executes the statements of one transaction."""

    def __init__(self, database: EngineDatabase, cursor: Any) -> None:
        self._database = database
        self._cursor = cursor

    def rows(self, statement: Executable, values: Values = NO_VALUES) -> Sequence[tuple[Any, ...]]:
        """Return the rows that a statement selects or returns."""
        self._execute(statement, values)
        return _rows(self._cursor)

    def count(self, statement: Executable, values: Values = NO_VALUES) -> int:
        """Execute a statement without a result; return the number of affected rows."""
        self._execute(statement, values)
        return _count(self._cursor)

    def _execute(self, statement: Executable, values: Values) -> None:
        compiled = self._database.compiled(statement, values)
        self._cursor.execute(compiled.text, compiled.arguments(values))


def _rows(cursor: Any) -> Sequence[tuple[Any, ...]]:
    found: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return found


def _count(cursor: Any) -> int:
    number: int = cursor.rowcount
    return number
