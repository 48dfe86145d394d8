"""Where a store works: in transactions of its own, or in one that somebody else has begun."""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection, Engine

from flask_watchword.stores.sql.engine import run, single_statements, transactions

#: An engine, for transactions of one's own, or the connection of a transaction to take part in.
Place: TypeAlias = Engine | Connection

_T = TypeVar("_T")


def transact(place: Place, work: Callable[[Connection], _T]) -> _T:
    """Do work of several statements: all of them or none.

    In a transaction of one's own it may be done several times, each from the start. In somebody
    else's it is done once, and counts when that commits.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    if isinstance(place, Connection):
        return work(place)
    return run(transactions(place), work)


def state(place: Place, work: Callable[[Connection], _T]) -> _T:
    """Do work of one statement, which needs no BEGIN and COMMIT around it.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    if isinstance(place, Connection):
        return work(place)
    return run(single_statements(place), work)
