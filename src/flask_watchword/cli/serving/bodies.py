"""Read request bodies without a thread, within bounds of size, time and memory."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from flask_watchword.cli.serving.engine import Exchange, Pending

_TIMEOUT = b'{"msg":"The request body did not arrive in time","code":"request_timeout"}\n'

Done = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bounds of the bodies that one worker reads.

    Attributes:
        size: the longest acceptable body, in bytes.
        memory: bytes of all bodies that are incomplete.
        seconds: the time in which a body has to arrive.
    """

    size: int
    memory: int
    seconds: float


class Bodies:
    """The bodies that are being read. All calls come from the engine's thread, but for `expire`.

    Args:
        limits: their bounds.
        clock: returns the time in seconds.
    """

    def __init__(self, limits: BodyLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        # In the order in which they began.
        self._incomplete: dict[_Body, float] = {}
        self._memory = 0

    def read_whole(self, exchange: Exchange, length: int, done: Done) -> None:
        """Read a body of a known length, and call a function with it."""
        body = _Body(self, exchange, done)
        self._begin(body)
        self.account(body, length)
        if self.is_incomplete(body):
            body.read_whole()

    def read_chunks(self, exchange: Exchange, done: Done) -> None:
        """Read a body of unknown length, and call a function with it.

        At most one byte more than the longest acceptable body is passed on; it shows that the body
        is too long.
        """
        body = _Body(self, exchange, done)
        self._begin(body)
        exchange.__aiter__()
        body.read_chunks()

    def expire(self) -> None:
        """Reject the bodies that have taken too long."""
        before = self._clock() - self.limits.seconds
        with self._lock:
            late = [body for body, began in self._incomplete.items() if began <= before]
        for body in late:
            self._reject(body)

    def account(self, body: "_Body", size: int) -> None:
        """Add to the memory of a body; reject the oldest ones if all together have too much."""
        with self._lock:
            if body in self._incomplete:
                body.memory += size
                self._memory += size
        while self._memory > self.limits.memory:
            self._reject(next(iter(self._incomplete)))

    def is_incomplete(self, body: "_Body") -> bool:
        """Tell whether a body is still being read."""
        return body in self._incomplete

    def end(self, body: "_Body") -> bool:
        """Stop reading a body; return false if it has ended before."""
        with self._lock:
            if self._incomplete.pop(body, None) is None:
                return False
            self._memory -= body.memory
            return True

    def _begin(self, body: "_Body") -> None:
        with self._lock:
            self._incomplete[body] = self._clock()

    def _reject(self, body: "_Body") -> None:
        if self.end(body):
            body.reject()


class _Body:
    """One body.

    Args:
        bodies: all of them.
        exchange: the exchange with the client.
        done: called with the complete body.
    """

    def __init__(self, bodies: Bodies, exchange: Exchange, done: Done) -> None:
        self._bodies, self._exchange, self._done = bodies, exchange, done
        self.memory = 0
        self._received = bytearray()
        self._pending: Pending | None = None
        self._is_inside = False

    def read_whole(self) -> None:
        """Read all of it at once."""
        self._pending = self._exchange()
        self._pending.add_done_callback(self._take_whole)

    def read_chunks(self) -> None:
        """Read chunk by chunk; return when it is complete or nothing more has arrived."""
        # A chunk that has arrived calls back at once. The loop then continues, not the callback:
        # otherwise a client that sends many small chunks would control the depth of the stack.
        self._is_inside = True
        self._pending = None
        while self._pending is None and self._bodies.is_incomplete(self):
            chunk = self._pending = self._exchange.__anext__()
            chunk.add_done_callback(self._take_chunk)
        self._is_inside = False

    def reject(self) -> None:
        """Respond 408 and close the connection (RFC 9110 section 15.5.9)."""
        headers = [("content-type", "application/json"), ("connection", "close")]
        self._exchange.response_bytes(408, headers, _TIMEOUT)
        # Granian would read on, and keep the connection until the client closes it.
        if self._pending is not None:
            self._pending.cancel()

    def _take_whole(self, pending: Pending) -> None:
        if self._bodies.end(self):
            data = _result(pending)
            if data is not None:
                self._done(data)

    def _take_chunk(self, pending: Pending) -> None:
        self._pending = None
        if not self._bodies.is_incomplete(self):
            return
        data = _result(pending)
        if data is None:
            self._bodies.end(self)
            return
        self._received += data
        longest = self._bodies.limits.size
        if not data or len(self._received) > longest:
            if self._bodies.end(self):
                self._done(bytes(self._received[: longest + 1]))
            return
        self._bodies.account(self, len(data))
        if not self._is_inside:
            self.read_chunks()


def _result(pending: Pending) -> bytes | None:
    """Return the bytes that were read; ``None`` if the client has closed the connection."""
    try:
        return pending.result()
    except Exception:  # noqa: BLE001 - granian does not export the class
        return None
