"""Granian's RSGI worker on a given listening socket, without an event loop.

Granian reads and writes HTTP in Rust. What it documents either opens its own sockets, whose waiting
connections are reset when a worker ends, or needs an event loop. This module is the only one that
uses undocumented names of granian; `tests/cli/test_engine.py` fails if a release changes them.
"""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from granian._granian import CallbackScheduler, RSGIWorker, SocketHolder, WorkerSignal
from granian.constants import HTTPModes
from granian.http import HTTP1Settings

from flask_watchword.cli.serving.wsgi_environ import Scope

HeaderList = list[tuple[str, str]]


class Pending(Protocol):
    """A future for bytes that granian reads from the client."""

    def result(self) -> bytes:
        """Return the bytes; raise an error if the client has closed the connection."""

    def cancel(self) -> bool:
        """Read no further; callbacks are called at once."""

    def add_done_callback(self, callback: Callable[["Pending"], None], /) -> None:
        """Call a function as soon as the bytes are there."""


class Exchange(Protocol):
    """Granian's protocol object: reads the body of a request and sends the response."""

    def __call__(self) -> Pending:
        """Read the whole body."""

    def __aiter__(self) -> object:
        """Begin to read the body in chunks."""

    def __anext__(self) -> Pending:
        """Read the next chunk; it is empty at the end."""

    def response_empty(self, status: int, headers: HeaderList, /) -> None:
        """Respond without a body."""

    def response_bytes(self, status: int, headers: HeaderList, body: bytes, /) -> None:
        """Respond with a body."""


class Request(Protocol):
    """A request as granian schedules it."""

    @property
    def scope(self) -> Scope:
        """Return its head."""

    @property
    def proto(self) -> Exchange:
        """Return the exchange with the client."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker accepts.

    Attributes:
        connections: open connections; further ones wait in the backlog of the socket.
        backlog: connections that wait to be accepted.
        head_seconds: seconds that a connection may stay open without a complete request head.
        head_bytes: size of a request head.
    """

    connections: int
    backlog: int
    head_seconds: float
    head_bytes: int


class _NoLoop:
    """A stand-in for the event loop that granian expects: callbacks run in the calling thread."""

    def call_soon(self, callback: Callable[..., None], *values: object, context: object) -> None:
        callback(*values)

    call_soon_threadsafe = call_soon


class _Scheduler(CallbackScheduler):
    """Pass each request to a function, where granian's own scheduler starts a coroutine."""

    def __init__(self, _loop: _NoLoop, handle: Callable[[Request], None], *_: object) -> None:
        super().__init__()
        self._schedule_fn = handle


class Engine:
    """Serve the connections of one listening socket, from a single thread of granian's.

    Args:
        listener: the socket; its descriptor is closed at the end.
        handle: called with each request whose head has been read, always in the same thread, which
            also runs the callbacks of bodies.
        limits: the limits of this worker.
    """

    def __init__(
        self, listener: socket.socket, handle: Callable[[Request], None], limits: Limits
    ) -> None:
        self._stop = WorkerSignal()
        self._stopped = threading.Event()
        self._stop.add_cb(self._stopped.set)
        # The stubs of these two do not match the release.
        new_holder: Any = SocketHolder
        new_worker: Any = RSGIWorker
        self._worker = new_worker(
            1,  # its number, which appears in granian's log
            (None, new_holder(listener.fileno(), False, limits.backlog)),
            None,  # no metrics are sent to another process
            1,  # threads that read and write
            1,  # threads for files, which are not served
            1,  # threads that call Python
            30,  # seconds, without a meaning for one thread
            limits.connections,
            # With HTTP/2 granian never notices that the rest of a body will not arrive.
            HTTPModes.http1,
            HTTP1Settings(
                header_read_timeout=int(1000 * limits.head_seconds),
                max_buffer_size=limits.head_bytes,
            ),
            None,  # HTTP/2
            False,  # WebSocket
            None,  # static files
            *(False, None, None, None, "tls1.3", None, [], False),  # TLS
            (None, None),  # metrics
        )
        self._loop = _NoLoop()
        self._scheduler = _Scheduler(self._loop, handle, None, None, None)

    def start(self) -> None:
        """Start to accept connections, in threads of the engine's own."""
        self._worker.serve_mtr(self._scheduler, self._loop, self._stop)

    def stop(self) -> None:
        """Close the socket and idle connections; requests in flight are finished."""
        self._stop.set()

    def wait_until_stopped(self) -> None:
        """Return when the last request is finished after :meth:`stop`."""
        self._stopped.wait()
