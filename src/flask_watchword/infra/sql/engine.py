"""Connections: how a database is opened, how a transaction begins, which errors mean "not now"."""

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, exc

from flask_watchword.fork_safety import no_fork
from flask_watchword.infra.database_url import read_database_url
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.sql import postgres, sqlite
from flask_watchword.infra.sql.fork_safety import forget_connections_in_children

#: Seconds one connection to SQLite waits for another's lock before the store counts as unavailable,
#: and that a transaction which others were in the way of is tried again.
BUSY_SECONDS = 2.0

#: The most seconds between two tries at a transaction that another one was in the way of.
_PAUSE = 0.01

_T = TypeVar("_T")

# Errors of the statement or of the data, which trying again would not mend.
_OUR_OWN_FAULT = (exc.IntegrityError, exc.ProgrammingError, exc.DataError, exc.NotSupportedError)


def open_engine(url: str | URL, *, busy_seconds: float | None = None) -> Engine:
    """Return an engine for a SQLite file or a PostgreSQL database; no connection is made yet.

    Args:
        url: ``sqlite:///file`` or ``postgresql://…``. What the query of a PostgreSQL URL
            says to libpq, time-outs included, goes before what is set here.
        busy_seconds: how long a connection waits for a lock that another one holds; with
            PostgreSQL also how long a statement may take. ``None`` is what requests bear.

    Raises:
        ValueError: for a database or a driver that is not supported.
    """
    url = read_database_url(url)
    if url.get_backend_name() == "sqlite":
        engine = sqlite.open_engine(url, BUSY_SECONDS if busy_seconds is None else busy_seconds)
    else:
        engine = postgres.open_engine(
            url, postgres.STATEMENT_SECONDS if busy_seconds is None else busy_seconds
        )
    forget_connections_in_children(engine)
    return engine


def single_statements(engine: Engine) -> Engine:
    """Return the engine set for transactions of one statement, which need no BEGIN and COMMIT."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def transactions(engine: Engine) -> Engine:
    """Return the engine set for transactions of several statements that write."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{sqlite.WRITES: True})
    return engine.execution_options(isolation_level="READ COMMITTED")


def run(engine: Engine, work: Callable[[Connection], _T]) -> _T:
    """Do work in one transaction, and again where another transaction was in the way.

    Args:
        engine: what :func:`single_statements` or :func:`transactions` returned.
        work: what to do with a connection; it may be done several times, each from the start.

    Raises:
        StoreUnavailable: when the database does not answer, or others were in the way for
            ``BUSY_SECONDS``.
    """

    def attempt() -> _T:
        with engine.begin() as connection:
            return work(connection)

    return patiently(attempt)


def patiently(attempt: Callable[[], _T]) -> _T:
    """Call ``attempt``, a whole transaction, until no other transaction is in its way.

    Raises:
        StoreUnavailable: when the database does not answer, or others were in the way for
            ``BUSY_SECONDS``.
    """
    give_up_at = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            with _translated_errors, no_fork:
                return attempt()
        except _InTheWay:
            if time.monotonic() >= give_up_at:
                raise
        # Not all after the same time, or they would meet again.
        time.sleep(random.uniform(0.0, _PAUSE))  # noqa: S311 - nothing secret hangs on it


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Lend a connection for single SELECT statements, each of which sees one state.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    with _translated_errors, no_fork, engine.connect() as connection:
        yield connection


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Lend a connection inside a transaction that commits at the end.

    With SQLite it holds the write lock from its start.

    Raises:
        StoreUnavailable: when the database does not answer, or stays locked for too long.
    """
    with _translated_errors, no_fork, transactions(engine).begin() as connection:
        yield connection


class _InTheWay(StoreUnavailable):
    """A transaction that came to nothing because of another one."""


class _TranslatedErrors:
    """What the database says is wrong, in the words of a store."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if not isinstance(error, (exc.DBAPIError, exc.TimeoutError)):
            return
        cause = getattr(error, "orig", error)
        state = getattr(cause, "sqlstate", None)
        if state in postgres.IN_THE_WAY or sqlite.is_busy(cause):
            raise _InTheWay(str(cause)) from error
        if isinstance(error, _OUR_OWN_FAULT) and state != postgres.NO_SUCH_TABLE:
            return
        raise StoreUnavailable(str(cause)) from error


_translated_errors = _TranslatedErrors()
