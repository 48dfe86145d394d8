"""Execute statements and transactions on connections of an engine, by its driver."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Engine, Executable
from sqlalchemy.pool import PoolProxiedConnection

from flask_watchword.infra.sql.driver import NO_VALUES, Driver, Values, count_of, rows_of
from flask_watchword.infra.sql.driver_transaction import DriverTransaction
from flask_watchword.infra.sql.engine import retry_conflicts
from flask_watchword.infra.sql.pool import ConnectionPool

_T = TypeVar("_T")


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
        self._engine = engine
        self._pool = ConnectionPool(engine, kept)
        self._driver = Driver(engine)

    def rows(self, statement: Executable, values: Values = NO_VALUES) -> Sequence[tuple[Any, ...]]:
        """Return the rows that a statement selects or returns."""
        return self._single(statement, values, rows_of)

    def count(self, statement: Executable, values: Values = NO_VALUES) -> int:
        """Execute a statement without a result; return the number of affected rows."""
        return self._single(statement, values, count_of)

    def send(self, statement: Executable, values: Values = NO_VALUES) -> None:
        """Execute a statement whose result is not needed."""
        self.count(statement, values)

    def transact(self, work: Callable[[DriverTransaction], _T]) -> _T:
        """Run a function that executes several statements in one transaction.

        It may be called several times.
        """
        return retry_conflicts(lambda: self._attempt(lambda pooled: self._run(pooled, work)))

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.close_idle()

    def _single(self, statement: Executable, values: Values, read: Callable[[Any], _T]) -> _T:
        def use(pooled: PoolProxiedConnection) -> tuple[_T, bool]:
            cursor = pooled.dbapi_connection.cursor()  # type: ignore[union-attr]
            return read(self._driver.execute(cursor, statement, values)), True

        return retry_conflicts(lambda: self._attempt(use))

    def _run(
        self, pooled: PoolProxiedConnection, work: Callable[[DriverTransaction], _T]
    ) -> tuple[_T, bool]:
        transaction = DriverTransaction(self._engine, self._driver, pooled)
        try:
            transaction.begin()
            result = work(transaction)
            transaction.commit()
        except BaseException:
            transaction.rollback()
            raise
        return result, transaction.may_be_kept

    def _attempt(self, use: Callable[[PoolProxiedConnection], tuple[_T, bool]]) -> _T:
        keep = False
        try:
            pooled = self._pool.acquire()
            try:
                with self._autocommit(pooled.dbapi_connection):
                    result, keep = use(pooled)
            finally:
                # After an error the engine's pool checks the connection.
                self._pool.release(pooled, keep=keep)
            return result
        except self._driver.errors as error:
            raise self._driver.translated(error) from error

    @contextmanager
    def _autocommit(self, connection: Any) -> Iterator[None]:
        # Connections of an application's engine may not be in autocommit mode.
        needs_switch = self._driver.is_postgres and not connection.autocommit
        if needs_switch:
            connection.autocommit = True
        try:
            yield
        finally:
            if needs_switch and not connection.closed:
                connection.autocommit = False
