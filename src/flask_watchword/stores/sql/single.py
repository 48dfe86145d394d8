"""Single statements: compiled once, and given to the driver itself.

Each is a transaction of its own, for which SQLAlchemy's connection would do more work than the
database does for the statement. Its events, such as ``before_cursor_execute``, do not see them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Engine, Executable, exc
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from flask_watchword.stores.sql.engine import patiently
from flask_watchword.stores.sql.lending import Lender

Values = Mapping[str, Any]

_T = TypeVar("_T")
_NONE: Values = {}

# Values by name, as psycopg takes them anyway.
_SQLITE = SQLiteDialect_pysqlite(paramstyle="named")


@dataclass(frozen=True, slots=True)
class _Compiled:
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
        arguments = {**self.constants, **values}
        for name, process in self.processors.items():
            arguments[name] = process(arguments[name])
        return arguments


class SingleStatements:
    """Runs statements each of which is a whole transaction.

    All raise ``StoreUnavailable`` when the database does not answer, or when others were in the
    way for ``BUSY_SECONDS``. A statement whose connection is lost on the way is not sent again,
    since it may have been committed.

    Args:
        engine: whose pool the connections come from.
        kept: how many connections are kept out of the pool between two statements.
    """

    def __init__(self, engine: Engine, *, kept: int) -> None:
        self._lender = Lender(engine, kept)
        self._driver: Any = engine.dialect.loaded_dbapi
        self._is_postgres = engine.dialect.name == "postgresql"
        self._dialect = engine.dialect if self._is_postgres else _SQLITE
        self._compiled: dict[Executable, _Compiled] = {}

    def rows(self, statement: Executable, values: Values = _NONE) -> Sequence[tuple[Any, ...]]:
        """Return the rows that a statement selects or returns."""
        return self._run(statement, values, _rows)

    def count(self, statement: Executable, values: Values = _NONE) -> int:
        """Run a statement that returns nothing; return how many rows it was about."""
        return self._run(statement, values, _count)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._lender.close_kept()

    def _run(self, statement: Executable, values: Values, read: Callable[[Any], _T]) -> _T:
        compiled = self._compiled.get(statement)
        if compiled is None:
            compiled = self._compiled[statement] = self._compile(statement, values)
        arguments = compiled.arguments(values)
        return patiently(lambda: self._attempt(compiled.text, arguments, read))

    def _compile(self, statement: Any, values: Values) -> _Compiled:
        dialect = self._dialect
        compiled = statement.compile(dialect=dialect, column_keys=list(values) or None)
        found = {name: bind.type.dialect_impl(dialect) for name, bind in compiled.binds.items()}
        processors = {name: kind.bind_processor(dialect) for name, kind in found.items()}
        return _Compiled(
            str(compiled),
            {name: value for name, value in compiled.params.items() if name not in values},
            {name: process for name, process in processors.items() if process is not None},
        )

    def _attempt(self, text: str, arguments: Values, read: Callable[[Any], _T]) -> _T:
        done = False
        try:
            lent = self._lender.lend()
            try:
                found = self._execute(lent.dbapi_connection, text, arguments, read)
                done = True
            finally:
                # What is wrong with a connection the pool finds out.
                self._lender.take_back(lent, keep=done)
            return found
        except self._driver.Error as error:
            # By the names that everything else of SQLAlchemy's goes by.
            raise exc.DBAPIError.instance(
                text, None, error, self._driver.Error, dialect=self._dialect
            ) from error

    def _execute(
        self, connection: Any, text: str, arguments: Values, read: Callable[[Any], _T]
    ) -> _T:
        # The connections of an application's own engine may wait for a COMMIT.
        waits_for_commit = self._is_postgres and not connection.autocommit
        if waits_for_commit:
            connection.autocommit = True
        try:
            cursor = connection.cursor()
            cursor.execute(text, arguments)
            return read(cursor)
        finally:
            if waits_for_commit and not connection.closed:
                connection.autocommit = False


def _rows(cursor: Any) -> Sequence[tuple[Any, ...]]:
    found: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return found


def _count(cursor: Any) -> int:
    number: int = cursor.rowcount
    return number
