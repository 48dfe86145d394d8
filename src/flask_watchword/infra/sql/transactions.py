"""Execute statements in a new transaction, or in the caller's."""

import weakref
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, Engine, Executable, event

from flask_watchword.infra.sql.driver import NO_VALUES, Database, Statements, Values
from flask_watchword.infra.sql.driver_transaction import DriverTransaction
from flask_watchword.infra.sql.engine import run, single_statements, transactions
from flask_watchword.infra.sql.executor import EngineDatabase

#: An engine, for new transactions, or a transaction to take part in, or its connection.
EngineOrConnection: TypeAlias = Engine | Connection | DriverTransaction

#: Idle connections kept outside of the pool of our own engine, which has 15 or more.
_KEPT = 4

_T = TypeVar("_T")


def transact(place: EngineOrConnection, work: Callable[[Connection], _T]) -> _T:
    """Run a function in one transaction.

    In a new transaction it may be called several times. In the caller's transaction it is called
    once, and its changes are committed with that transaction.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    if isinstance(place, DriverTransaction):
        return work(place.connection)
    if isinstance(place, Connection):
        return work(place)
    return run(transactions(place), work)


def execute_one(place: EngineOrConnection, work: Callable[[Connection], _T]) -> _T:
    """Run a function that executes one statement, without BEGIN and COMMIT around it.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    if isinstance(place, DriverTransaction):
        return work(place.connection)
    if isinstance(place, Connection):
        return work(place)
    return run(single_statements(place), work)


def engine_database(engine: Engine) -> EngineDatabase:
    """Return the database of an engine of our own, the same object for all callers."""
    known = _databases.get(engine)
    database = None if known is None else known()
    if database is None:
        database = EngineDatabase(engine, kept=_KEPT)
        known = _databases[engine] = weakref.ref(database)
        event.listen(engine, "engine_disposed", _close_with_engine(known))
    return database


def database_at(place: EngineOrConnection) -> Database:
    """Return the fast way to execute constant statements; see :mod:`~.driver`.

    Args:
        place: an engine of our own, for which all callers get the same object, or a connection.
    """
    if isinstance(place, DriverTransaction):
        return place
    if isinstance(place, Connection):
        return _ConnectionDatabase(place)
    return engine_database(place)


# Both keys and values are weak, because each database holds a reference to its engine.
_databases: weakref.WeakKeyDictionary[Engine, weakref.ref[EngineDatabase]] = (
    weakref.WeakKeyDictionary()
)


def _close_with_engine(known: "weakref.ref[EngineDatabase]") -> Callable[[Engine], None]:
    """Return an event listener that closes the kept connections when the engine is disposed of.

    The reference is weak: SQLAlchemy keeps every checked-out connection in a module variable, so
    an engine with a reference to them would never be garbage-collected.
    """

    def close(_: Engine) -> None:
        database = known()
        if database is not None:
            database.close()

    return close


class _ConnectionDatabase:
    """Executes statements on SQLAlchemy's connection, in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, statement: Executable, values: Values = NO_VALUES) -> Sequence[Sequence[Any]]:
        return self._connection.execute(statement, values).all()

    def count(self, statement: Executable, values: Values = NO_VALUES) -> int:
        return self._connection.execute(statement, values).rowcount

    def send(self, statement: Executable, values: Values = NO_VALUES) -> None:
        self._connection.execute(statement, values)

    def transact(self, work: Callable[[Statements], _T]) -> _T:
        return work(self)
