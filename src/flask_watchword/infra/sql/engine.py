"""Engines and transactions: open a database, run transactions, translate errors."""

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

#: Seconds that a SQLite connection waits for a lock before the store counts as unavailable, and
#: for which a transaction that conflicts with others is retried.
BUSY_SECONDS = 2.0

#: The most seconds between two attempts at a transaction that conflicts with another.
_LONGEST_PAUSE = 0.01

_T = TypeVar("_T")

# Errors of the statement or of the data, which a retry would not resolve.
_NOT_RETRIED = (
    exc.IntegrityError,
    exc.ProgrammingError,
    exc.DataError,
    exc.NotSupportedError,
)


def open_engine(url: str | URL, *, busy_seconds: float | None = None) -> Engine:
    """Return an engine for a SQLite file or a PostgreSQL database; do not connect yet.

    Args:
        url: ``sqlite:///file`` or ``postgresql://…``. libpq options in the query of a PostgreSQL
            URL, timeouts included, override the settings of this function.
        busy_seconds: how long a connection waits for a lock that another one holds; with
            PostgreSQL also the time limit of a statement. ``None`` is the limit for requests.

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
    """Return the engine with the options for single statements, without BEGIN and COMMIT."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def transactions(engine: Engine) -> Engine:
    """Return the engine with the options for transactions that write."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{sqlite.WRITES: True})
    return engine.execution_options(isolation_level="READ COMMITTED")


def run(engine: Engine, work: Callable[[Connection], _T]) -> _T:
    """Run a function in one transaction; run it again after a conflict with another transaction.

    Args:
        engine: what :func:`single_statements` or :func:`transactions` returned.
        work: gets the connection. It may be called several times.

    Raises:
        StoreUnavailable: when the database does not answer, or conflicts continue for
            ``BUSY_SECONDS``.
    """

    def attempt() -> _T:
        with engine.begin() as connection:
            return work(connection)

    return retry_conflicts(attempt)


def retry_conflicts(attempt: Callable[[], _T]) -> _T:
    """Call ``attempt``, a whole transaction, until it conflicts with no other transaction.

    Raises:
        StoreUnavailable: when the database does not answer, or conflicts continue for
            ``BUSY_SECONDS``.
    """
    give_up_at = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            with _translated_errors, no_fork:
                return attempt()
        except _Conflict:
            if time.monotonic() >= give_up_at:
                raise
        # A random pause, or the same transactions would conflict again.
        time.sleep(random.uniform(0.0, _LONGEST_PAUSE))  # noqa: S311 - it protects no secret


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Yield a connection for single SELECT statements, each of which sees one snapshot.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    with _translated_errors, no_fork, engine.connect() as connection:
        yield connection


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Yield a connection inside a transaction that is committed at the end.

    With SQLite the transaction holds the write lock from its start.

    Raises:
        StoreUnavailable: when the database does not answer, or stays locked for too long.
    """
    with _translated_errors, no_fork, transactions(engine).begin() as connection:
        yield connection


class _Conflict(StoreUnavailable):
    """A transaction was rolled back because of another one."""


class _TranslatedErrors:
    """Raises the errors of a store instead of those of the database."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if not isinstance(error, (exc.DBAPIError, exc.TimeoutError)):
            return
        cause = getattr(error, "orig", error)
        state = getattr(cause, "sqlstate", None)
        if state in postgres.CONFLICTS or sqlite.is_busy(cause):
            raise _Conflict(str(cause)) from error
        if isinstance(error, _NOT_RETRIED) and state != postgres.NO_SUCH_TABLE:
            return
        raise StoreUnavailable(str(cause)) from error


_translated_errors = _TranslatedErrors()
