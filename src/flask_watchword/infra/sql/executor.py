"""Statements that are compiled once, and given to the driver itself.

For one of them, or a few in a transaction, SQLAlchemy's connection would do many times the work
that the database does. Its events, such as ``before_cursor_execute``, do not see them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import Engine, Executable, exc
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from flask_watchword.infra.sql.engine import patiently
from flask_watchword.infra.sql.pool import ConnectionPool

Values = Mapping[str, Any]

_T = TypeVar("_T")
NO_VALUES: Values = {}

# Values by name, as psycopg takes them anyway.
_SQLITE = SQLiteDialect_pysqlite(paramstyle="named")

# As `transactions` of the engine: with SQLite the write lock is taken at the start.
_BEGIN = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "BEGIN ISOLATION LEVEL READ COMMITTED"}


class Statements(Protocol):
    """Runs statements, which are constants: each is compiled once and kept.

    All raise ``StoreUnavailable`` when the database does not answer.
    """

    def rows(self, statement: Executable, values: Values = NO_VALUES) -> Sequence[Sequence[Any]]:
        """Return the rows that a statement selects or returns."""

    def count(self, statement: Executable, values: Values = NO_VALUES) -> int:
        """Run a statement that returns nothing; return how many rows it was about."""


class Database(Statements, Protocol):
    """Runs statements each of which counts by itself, and transactions of several."""

    def transact(self, work: Callable[[Statements], _T]) -> _T:
        """Do work of several statements: all of them or none.

        In a transaction of one's own it may be done several times, each from the start.
        """


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """A statement as the driver takes it.

    Attributes:
        text: with a named place for each value.
        constants: the values that stand in the statement itself.
        processors: by the name of a value, what makes of it what the database takes.
    """

    text: str
    constants: Values
    processors: Mapping[str, Callable[[Any], Any]]

    def arguments(self, values: Values) -> dict[str, Any]:
        """Return the values of a statement as the driver takes them."""
        arguments = {**self.constants, **values}
        for name, process in self.processors.items():
            arguments[name] = process(arguments[name])
        return arguments


class DirectStatements:
    """Runs statements and transactions on connections of an engine.

    All raise ``StoreUnavailable`` when the database does not answer, or when others were in the
    way for ``BUSY_SECONDS``. A statement whose connection is lost on the way is not sent again,
    since it may have been committed.

    Args:
        engine: whose pool the connections come from.
        kept: how many connections are kept out of the pool between two questions.
    """

    def __init__(self, engine: Engine, *, kept: int) -> None:
        self._lender = ConnectionPool(engine, kept)
        self._driver: Any = engine.dialect.loaded_dbapi
        self._is_postgres = engine.dialect.name == "postgresql"
        self._begin = _BEGIN[engine.dialect.name]
        self._dialect = engine.dialect if self._is_postgres else _SQLITE
        self._compiled: dict[Executable, CompiledStatement] = {}

    def rows(self, statement: Executable, values: Values = NO_VALUES) -> Sequence[tuple[Any, ...]]:
        """Return the rows that a statement selects or returns."""
        return self._alone(statement, values, _rows)

    def count(self, statement: Executable, values: Values = NO_VALUES) -> int:
        """Run a statement that returns nothing; return how many rows it was about."""
        return self._alone(statement, values, _count)

    def transact(self, work: Callable[[Statements], _T]) -> _T:
        """Do work of several statements: all of them or none.

        It may be done several times, each from the start.
        """
        return patiently(lambda: self._attempt(lambda connection: self._all(connection, work)))

    def close(self) -> None:
        """Close the connections that are kept."""
        self._lender.close_kept()

    def compiled(self, statement: Executable, values: Values) -> CompiledStatement:
        """Return a statement as the driver takes it."""
        compiled = self._compiled.get(statement)
        if compiled is None:
            compiled = self._compiled[statement] = self._compile(statement, values)
        return compiled

    def _alone(self, statement: Executable, values: Values, read: Callable[[Any], _T]) -> _T:
        compiled = self.compiled(statement, values)

        def use(connection: Any) -> _T:
            cursor = connection.cursor()
            cursor.execute(compiled.text, compiled.arguments(values))
            return read(cursor)

        return patiently(lambda: self._attempt(use))

    def _all(self, connection: Any, work: Callable[[Statements], _T]) -> _T:
        cursor = connection.cursor()
        cursor.execute(self._begin)
        try:
            result = work(_Transaction(self, cursor))
            cursor.execute("COMMIT")
        except BaseException:
            # Of a connection that is lost there is nothing to take back.
            with suppress(self._driver.Error):
                cursor.execute("ROLLBACK")
            raise
        return result

    def _compile(self, statement: Any, values: Values) -> CompiledStatement:
        dialect = self._dialect
        compiled = statement.compile(dialect=dialect, column_keys=list(values) or None)
        # By the names in the text: those of values that stand in the statement are made up.
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
            lent = self._lender.lend()
            try:
                with self._autocommit(lent.dbapi_connection):
                    found = use(lent.dbapi_connection)
                done = True
            finally:
                # What is wrong with a connection the pool finds out.
                self._lender.take_back(lent, keep=done)
            return found
        except self._driver.Error as error:
            # By the names that everything else of SQLAlchemy's goes by.
            raise exc.DBAPIError.instance(
                "", None, error, self._driver.Error, dialect=self._dialect
            ) from error

    @contextmanager
    def _autocommit(self, connection: Any) -> Iterator[None]:
        # The connections of an application's own engine may wait for a COMMIT.
        waits_for_commit = self._is_postgres and not connection.autocommit
        if waits_for_commit:
            connection.autocommit = True
        try:
            yield
        finally:
            if waits_for_commit and not connection.closed:
                connection.autocommit = False


class _Transaction:
    """Runs statements of one transaction."""

    def __init__(self, statements: DirectStatements, cursor: Any) -> None:
        self._statements = statements
        self._cursor = cursor

    def rows(self, statement: Executable, values: Values = NO_VALUES) -> Sequence[tuple[Any, ...]]:
        """Return the rows that a statement selects or returns."""
        self._execute(statement, values)
        return _rows(self._cursor)

    def count(self, statement: Executable, values: Values = NO_VALUES) -> int:
        """Run a statement that returns nothing; return how many rows it was about."""
        self._execute(statement, values)
        return _count(self._cursor)

    def _execute(self, statement: Executable, values: Values) -> None:
        compiled = self._statements.compiled(statement, values)
        self._cursor.execute(compiled.text, compiled.arguments(values))


def _rows(cursor: Any) -> Sequence[tuple[Any, ...]]:
    found: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return found


def _count(cursor: Any) -> int:
    number: int = cursor.rowcount
    return number
