"""Compile each statement once and pass it to the database driver directly.

For a single statement, or a few in a transaction, SQLAlchemy's connection takes many times as long
as the database. SQLAlchemy's events, such as ``before_cursor_execute``, do not see them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy import Dialect, Engine, Executable, exc
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

Values = Mapping[str, Any]

_T = TypeVar("_T")
NO_VALUES: Values = {}

# Named parameters, as psycopg has them.
_SQLITE = SQLiteDialect_pysqlite(paramstyle="named")


class Statements(Protocol):
    """Executes statements. They are constants: each is compiled once and cached.

    All methods raise ``StoreUnavailable`` when the database does not answer.
    """

    def rows(self, statement: Executable, values: Values = NO_VALUES) -> Sequence[Sequence[Any]]:
        """Return the rows that a statement selects or returns."""

    def count(self, statement: Executable, values: Values = NO_VALUES) -> int:
        """Execute a statement without a result; return the number of affected rows."""

    def send(self, statement: Executable, values: Values = NO_VALUES) -> None:
        """Execute a statement whose result is not needed.

        In a transaction in PostgreSQL, its error may be raised by a later statement, or when the
        transaction is committed.
        """


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


class Driver:
    """Executes compiled statements on cursors of a database driver.

    Args:
        engine: an engine of the database.
    """

    def __init__(self, engine: Engine) -> None:
        self.is_postgres = engine.dialect.name == "postgresql"
        self._dialect = engine.dialect if self.is_postgres else _SQLITE
        package: Any = engine.dialect.loaded_dbapi
        self.errors: Any = package.Error
        # libpq has them since version 14.
        self.has_pipelines = self.is_postgres and package.Pipeline.is_supported()

    def execute(self, cursor: Any, statement: Executable, values: Values) -> Any:
        """Execute a statement, and return the cursor."""
        compiled = _compiled.get((self.is_postgres, statement))
        if compiled is None:
            compiled = _compile(self._dialect, statement, values)
            _compiled[self.is_postgres, statement] = compiled
        cursor.execute(compiled.text, compiled.arguments(values))
        return cursor

    def translated(self, error: Exception) -> exc.DBAPIError:
        """Return SQLAlchemy's error for one of the driver, so that one place translates all."""
        translated = exc.DBAPIError.instance("", None, error, self.errors, dialect=self._dialect)
        return cast(exc.DBAPIError, translated)


#: By whether they are for PostgreSQL, and the statement.
_compiled: dict[tuple[bool, Executable], CompiledStatement] = {}


def _compile(dialect: Dialect, statement: Any, values: Values) -> CompiledStatement:
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


def rows_of(cursor: Any) -> Sequence[tuple[Any, ...]]:
    """Return the rows of the statement that a cursor has executed."""
    found: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return found


def count_of(cursor: Any) -> int:
    """Return the number of rows that the statement of a cursor has affected."""
    number: int = cursor.rowcount
    return number
