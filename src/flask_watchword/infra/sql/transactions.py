"""Where a store works: in transactions of its own, or in one that somebody else has begun."""

import weakref
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, Engine, Executable, event

from flask_watchword.infra.sql.engine import run, single_statements, transactions
from flask_watchword.infra.sql.executor import (
    NO_VALUES,
    Database,
    DirectStatements,
    Statements,
    Values,
)

#: An engine, for transactions of one's own, or the connection of a transaction to take part in.
EngineOrConnection: TypeAlias = Engine | Connection

#: Connections kept out of the pool of an engine of our own, of which it lends 15 or more.
_KEPT = 4

_T = TypeVar("_T")


def transact(place: EngineOrConnection, work: Callable[[Connection], _T]) -> _T:
    """Do work of several statements: all of them or none.

    In a transaction of one's own it may be done several times, each from the start. In somebody
    else's it is done once, and counts when that commits.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    if isinstance(place, Connection):
        return work(place)
    return run(transactions(place), work)


def state(place: EngineOrConnection, work: Callable[[Connection], _T]) -> _T:
    """Do work of one statement, which needs no BEGIN and COMMIT around it.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    if isinstance(place, Connection):
        return work(place)
    return run(single_statements(place), work)


def database_at(place: EngineOrConnection) -> Database:
    """Return what runs statements that are constants, for a small part of what others cost.

    Args:
        place: an engine of our own, whose connections all who ask for it share, or a connection.
    """
    if isinstance(place, Connection):
        return _Joined(place)
    known = _databases.get(place)
    database = None if known is None else known()
    if database is None:
        database = DirectStatements(place, kept=_KEPT)
        known = _databases[place] = weakref.ref(database)
        event.listen(place, "engine_disposed", _closer(known))
    return database


# Weak at both ends: what a database is known by, its engine, it holds itself.
_databases: weakref.WeakKeyDictionary[Engine, weakref.ref[DirectStatements]] = (
    weakref.WeakKeyDictionary()
)


def _closer(known: "weakref.ref[DirectStatements]") -> Callable[[Engine], None]:
    """Return what closes the connections that are kept in front of a pool which closes its own.

    The reference is weak: SQLAlchemy keeps every connection that is lent in a variable of its
    module until it comes back, so an engine that led to them would never be collected.
    """

    def close(_: Engine) -> None:
        database = known()
        if database is not None:
            database.close()

    return close


class _Joined:
    """Runs statements in a transaction that somebody else has begun."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, statement: Executable, values: Values = NO_VALUES) -> Sequence[Sequence[Any]]:
        return self._connection.execute(statement, values).all()

    def count(self, statement: Executable, values: Values = NO_VALUES) -> int:
        return self._connection.execute(statement, values).rowcount

    def transact(self, work: Callable[[Statements], _T]) -> _T:
        return work(self)
