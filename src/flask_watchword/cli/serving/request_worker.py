"""A granian worker that serves a WSGI application and preserves header names as sent.

Granian's own WSGI worker passes a finished environment, in which two spellings of a header name
have been merged. Its RSGI worker has the original names. RSGI is asynchronous; here each request
runs in the thread that granian assigns to it, as with WSGI, and there is no event loop. A body is
read before a thread is assigned, so a client that sends one slowly occupies only a connection.
"""

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from flask import Flask
from granian._granian import CallbackScheduler, RSGIWorker
from granian._signals import set_sync_signals
from granian.server.common import WORKERS_METHODS
from granian.server.mp import WorkerProcess

from flask_watchword.cli.serving.wsgi_environ import Scope, environ_of, is_forwarded_for_readable
from flask_watchword.service.context import context_of

_logger = logging.getLogger(__name__)

_Headers = list[tuple[str, str]]

_NON_ASCII_FORWARDED_FOR = (
    b'{"msg":"X-Forwarded-For has bytes outside ASCII","code":"bad_request"}\n'
)


class _Pending(Protocol):
    """A future for bytes that granian reads from the client."""

    def result(self) -> bytes: ...
    def add_done_callback(self, callback: Callable[["_Pending"], None], /) -> None: ...


class _Exchange(Protocol):
    """granian's protocol object: reads the body of a request and sends the response."""

    def __call__(self) -> _Pending: ...
    def __aiter__(self) -> object: ...
    def __anext__(self) -> _Pending: ...
    def response_empty(self, status: int, headers: _Headers, /) -> None: ...
    def response_bytes(self, status: int, headers: _Headers, body: bytes, /) -> None: ...


class _Request(Protocol):
    """A request as granian schedules it."""

    @property
    def scope(self) -> Scope: ...
    @property
    def proto(self) -> _Exchange: ...


class _StartResponse:
    """Receive the status and the headers of a response (PEP 3333)."""

    status: int
    headers: _Headers

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def __call__(
        self, status: str, headers: _Headers, _: object = None, /
    ) -> Callable[[bytes], object]:
        self.status = int(status.partition(" ")[0])
        self.headers = headers
        return self.written.append


class RequestRunner:
    """Run an application for each request, in the thread that granian calls it from.

    Args:
        app: the application.
        max_body: the longest body that the application accepts, in bytes.
    """

    def __init__(self, app: Flask, max_body: int) -> None:
        self._app = app.wsgi_app
        self._max_body = max_body

    def run(self, request: _Request) -> None:
        """Respond to a request whose head has been read, at once or when its body has arrived."""
        scope, exchange = request.scope, request.proto
        try:
            headers = scope.headers
            respond = partial(self._respond, scope, exchange)
            if headers.get_all("transfer-encoding"):
                _ChunkedBody(exchange, self._max_body, respond).read()
            elif 0 < _length(headers.get_all("content-length")) <= self._max_body:
                exchange().add_done_callback(partial(_read_whole, respond))
            else:
                # There is no body, or the application rejects it by the announced length.
                respond(b"")
        except Exception:  # noqa: BLE001 - granian would swallow it; the client gets a 500
            _fail(exchange)

    def _respond(self, scope: Scope, exchange: _Exchange, body: bytes) -> None:
        started = _StartResponse()
        try:
            if not is_forwarded_for_readable(scope.headers):
                exchange.response_bytes(
                    400, [("content-type", "application/json")], _NON_ASCII_FORWARDED_FOR
                )
                return
            parts = self._app(environ_of(scope, body), started)
            try:
                whole = b"".join([*started.written, *parts])
            finally:
                close = getattr(parts, "close", None)
                if close is not None:
                    close()
            exchange.response_bytes(started.status, started.headers, whole)
        except Exception:  # noqa: BLE001 - as above
            _fail(exchange)


class _ChunkedBody:
    """Read a body of unknown length, and at most one byte more than is acceptable.

    Args:
        exchange: the exchange with the client.
        max_body: the longest acceptable body in bytes; one more byte shows that it is too long.
        done: called with the body.
    """

    def __init__(self, exchange: _Exchange, max_body: int, done: Callable[[bytes], None]) -> None:
        self._exchange = exchange
        self._max_body = max_body
        self._done = done
        self._body = bytearray()
        exchange.__aiter__()

    def read(self) -> None:
        """Read chunk by chunk; return when done, or when a callback continues the reading."""
        # A chunk may have arrived before its callback is registered; the callback then runs inside
        # the registration. The loop or the callback continues, whichever takes the lock second:
        # if it were always the callback, a client that sends many small chunks would control the
        # depth of the stack.
        finished = False
        while not finished:
            lock = threading.Lock()
            chunk = self._exchange.__anext__()
            chunk.add_done_callback(partial(self._continue, lock))
            if lock.acquire(blocking=False):
                return
            finished = self._append(chunk)

    def _continue(self, lock: threading.Lock, chunk: _Pending) -> None:
        if lock.acquire(blocking=False):
            return
        try:
            if not self._append(chunk):
                self.read()
        except Exception:  # noqa: BLE001 - granian would swallow it; the client gets a 500
            _fail(self._exchange)

    def _append(self, chunk: _Pending) -> bool:
        data = _received(chunk)
        if data is None:
            return True
        self._body += data
        finished = not data or len(self._body) > self._max_body
        if finished:
            self._done(bytes(self._body[: self._max_body + 1]))
        return finished


class _NoLoop:
    """A stand-in for the event loop that granian expects: callbacks run in the calling thread."""

    def call_soon(self, callback: Callable[..., None], *values: object, context: object) -> None:
        callback(*values)

    call_soon_threadsafe = call_soon


class _Scheduler(CallbackScheduler):
    """Run each request with a function, where granian's own scheduler starts a coroutine."""

    def __init__(self, _loop: _NoLoop, run: Callable[[_Request], None], *_: object) -> None:
        super().__init__()
        self._schedule_fn = run


@WorkerProcess.wrap_target  # type: ignore[untyped-decorator]
def serve_requests(
    worker_id: int,
    app: Flask,
    sock: Any,
    ipc: Any,
    _loop: Any,
    runtime_mode: Any,
    runtime_threads: int,
    runtime_blocking_threads: int,
    blocking_threads: int,
    blocking_threads_idle_timeout: int,
    backpressure: int,
    _task_impl: Any,
    http_mode: Any,
    http1_settings: Any,
    http2_settings: Any,
    _websockets: bool,
    static_path: Any,
    _log_access_fmt: Any,
    ssl_ctx: Any,
    _scope_opts: Any,
    metrics: Any,
) -> None:
    """Serve an application in a worker process; the arguments are those of granian's workers."""
    stop, stopped = set_sync_signals(), threading.Event()  # type: ignore[no-untyped-call]
    stop.add_cb(stopped.set)
    new_worker: Any = RSGIWorker  # its stub does not match this version
    worker = new_worker(
        worker_id,
        sock,
        ipc,
        runtime_threads,
        runtime_blocking_threads,
        blocking_threads,
        blocking_threads_idle_timeout,
        backpressure,
        http_mode,
        http1_settings,
        http2_settings,
        False,
        static_path,
        *ssl_ctx,
        metrics,
    )
    context = context_of(app)
    max_body = context.settings.max_request_bytes
    no_loop = _NoLoop()
    scheduler = _Scheduler(no_loop, RequestRunner(app, max_body).run, None, None, None)
    serve = getattr(worker, WORKERS_METHODS[runtime_mode][(sock[0] or sock[1]).is_uds()])
    serve(scheduler, no_loop, stop)
    stopped.wait()
    # A process that was started with `multiprocessing` does not run exit handlers.
    context.finished.finish()


def _read_whole(respond: Callable[[bytes], None], body: _Pending) -> None:
    whole = _received(body)
    if whole is not None:
        respond(whole)


def _received(pending: _Pending) -> bytes | None:
    """Return the bytes that were read; ``None`` if the client has closed the connection."""
    try:
        return pending.result()
    except Exception:  # noqa: BLE001 - granian does not export the class
        return None


def _length(values: list[str]) -> int:
    # Granian rejects requests whose length is not a number, or that have two different lengths.
    return int(values[0]) if values else 0


def _fail(exchange: _Exchange) -> None:
    _logger.exception("request failed")
    exchange.response_empty(500, [])
