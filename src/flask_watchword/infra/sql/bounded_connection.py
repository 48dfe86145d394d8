"""PostgreSQL connections with a time limit on waiting for an unresponsive server.

A frozen server, or one on a frozen machine, keeps its connections: the kernel still acknowledges
what is sent, so no TCP timeout ends the wait, and ``statement_timeout`` is enforced by the server
itself. Only the client can stop waiting.
"""

import contextlib
import time
from collections.abc import Generator, Iterator
from typing import Any, Self, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, event

from flask_watchword.infra.circuit_breaker import CircuitBreaker

_NO_ANSWER = "the server does not answer"

_T = TypeVar("_T")


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is closed when its server has sent nothing for the breaker's timeout.

    The server may still execute the last command, as after any lost connection.
    """

    breaker: CircuitBreaker
    connect_seconds: float | None = None
    has_time_limit = True

    @classmethod
    def _connect_gen(cls, conninfo: str = "", **options: Any) -> Generator[Any, Any, Self]:
        # The driver's own limit is in whole seconds, two at least. Before psycopg 3.3 it is an
        # argument of this method.
        attempt = super()._connect_gen(conninfo, **options)
        if cls.connect_seconds is None:
            return attempt
        return _within(cls.connect_seconds, attempt)

    def __del__(self, *_: object) -> None:
        # The driver would warn about an unclosed connection. This one belongs to a pool, and is
        # closed when its engine is garbage-collected without having been disposed of.
        pass

    def rollback(self) -> None:
        """Roll back if a transaction is open; a pool calls this for every returned connection."""
        # While the server is unresponsive the call would fail, and the pool would log a traceback.
        if self.pgconn.transaction_status != TransactionStatus.IDLE:
            super().rollback()

    def wait(self, gen: Generator[Any, Any, _T], *args: Any, **options: Any) -> _T:
        """Run an exchange of the driver with the server, within the time limit.

        Raises:
            psycopg.OperationalError: when the server sends nothing in time, or the circuit is
                open.
        """
        if self.breaker.is_open():
            self._close_and_raise()
        answer: _T = super().wait(self._bounded(gen), *args, **options)
        self.breaker.record_answer()
        return answer

    def _bounded(self, gen: Generator[Any, Any, _T]) -> Generator[Any, Any, _T]:
        timeout = self.breaker.timeout
        try:
            wanted = next(gen)
            give_up_at = time.monotonic() + timeout
            while True:
                # The driver resumes this ten times a second, also when nothing has arrived.
                ready = yield wanted
                if ready:
                    give_up_at = time.monotonic() + timeout
                elif time.monotonic() >= give_up_at and self.has_time_limit:
                    self.breaker.record_timeout()
                    self._close_and_raise()
                wanted = gen.send(ready)
        except StopIteration as ended:
            answer: _T = ended.value
            return answer

    def _close_and_raise(self) -> None:
        self.pgconn.finish()
        raise psycopg.OperationalError(_NO_ANSWER)


def _within(seconds: float, attempt: Generator[Any, Any, _T]) -> Generator[Any, Any, _T]:
    give_up_at = time.monotonic() + seconds
    try:
        wanted = next(attempt)
        while True:
            ready = yield wanted
            if time.monotonic() >= give_up_at:
                attempt.close()
                raise psycopg.errors.ConnectionTimeout(_NO_ANSWER)
            wanted = attempt.send(ready)
    except StopIteration as ended:
        answer: _T = ended.value
        return answer


@contextlib.contextmanager
def without_time_limit(connection: Connection) -> Iterator[None]:
    """Let a connection wait for its server without a time limit."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, BoundedConnection):
        yield  # an engine of the application, whose connections have no limit of ours
        return
    driver.has_time_limit = False
    try:
        yield
    finally:
        driver.has_time_limit = True


def limit_waiting(engine: Engine, timeout: float, *, connect_seconds: float | None) -> None:
    """Limit how long the connections of an engine wait for the server.

    Args:
        engine: a PostgreSQL engine.
        timeout: seconds without a byte from the server.
        connect_seconds: seconds for a new connection; ``None`` keeps the driver's limit.
    """
    breaker = CircuitBreaker(timeout)

    class Bounded(BoundedConnection):
        pass

    Bounded.breaker, Bounded.connect_seconds = breaker, connect_seconds

    def connect(_dialect: Any, _record: Any, args: Any, options: Any) -> BoundedConnection:
        if breaker.is_open():
            raise psycopg.OperationalError(_NO_ANSWER)
        try:
            connection = Bounded.connect(*args, **options)
        except psycopg.errors.ConnectionTimeout:
            breaker.record_timeout()
            raise
        breaker.record_answer()
        return connection

    event.listen(engine, "do_connect", connect)
