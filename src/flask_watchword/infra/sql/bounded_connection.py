"""Connections to PostgreSQL that do not wait for ever for a server which says nothing.

A server that is frozen, or whose machine is, keeps its connections: the kernel goes on
acknowledging what is sent, so no time-out of TCP ends the waiting, and ``statement_timeout`` is the
server's own to keep. Only who waits can stop.
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
    """A connection that is closed when its server has said nothing for as long as is borne.

    What was asked of it may still be done, as with any connection that is lost.
    """

    silence: CircuitBreaker
    connecting: float | None = None
    is_patient = False

    @classmethod
    def _connect_gen(cls, conninfo: str = "", **options: Any) -> Generator[Any, Any, Self]:
        # The driver's own bound is whole seconds, and two at least. Until 3.3 it is given as
        # an argument here.
        attempt = super()._connect_gen(conninfo, **options)
        if cls.connecting is None:
            return attempt
        return _within(cls.connecting, attempt)

    def __del__(self, *_: object) -> None:
        # The driver would warn of a connection that was not closed. This one belongs to a pool, and
        # is closed when its engine is collected without being disposed of.
        pass

    def rollback(self) -> None:
        """Roll back where there is anything to: a pool asks for it whenever it gets one back."""
        # Otherwise that would fail while the server is silent, which the pool logs with a trace.
        if self.pgconn.transaction_status != TransactionStatus.IDLE:
            super().rollback()

    def wait(self, gen: Generator[Any, Any, _T], *args: Any, **options: Any) -> _T:
        """Drive what the driver asks of the server, until there is no word for too long.

        Raises:
            psycopg.OperationalError: when there is none, or others had none a moment ago.
        """
        if self.silence.lasts():
            self._hang_up()
        answer: _T = super().wait(self._bounded(gen), *args, **options)
        self.silence.end()
        return answer

    def _bounded(self, gen: Generator[Any, Any, _T]) -> Generator[Any, Any, _T]:
        bound = self.silence.bound
        try:
            wanted = next(gen)
            give_up_at = time.monotonic() + bound
            while True:
                # The driver comes back ten times a second, whether there is a word or not.
                ready = yield wanted
                if ready:
                    give_up_at = time.monotonic() + bound
                elif time.monotonic() >= give_up_at and not self.is_patient:
                    self.silence.begin()
                    self._hang_up()
                wanted = gen.send(ready)
        except StopIteration as ended:
            answer: _T = ended.value
            return answer

    def _hang_up(self) -> None:
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
    driver.is_patient = True
    try:
        yield
    finally:
        driver.is_patient = False


def bound_connections(engine: Engine, bound: float, *, connecting: float | None) -> None:
    """Have the connections of an engine wait no longer than a bound for a word.

    Args:
        engine: one of PostgreSQL.
        bound: in seconds.
        connecting: seconds for a new connection; ``None`` leaves it to the driver.
    """
    silence = CircuitBreaker(bound)

    class Bounded(BoundedConnection):
        pass

    Bounded.silence, Bounded.connecting = silence, connecting

    def connect(_dialect: Any, _record: Any, args: Any, options: Any) -> BoundedConnection:
        if silence.lasts():
            raise psycopg.OperationalError(_NO_ANSWER)
        try:
            connection = Bounded.connect(*args, **options)
        except psycopg.errors.ConnectionTimeout:
            silence.begin()
            raise
        silence.end()
        return connection

    event.listen(engine, "do_connect", connect)
