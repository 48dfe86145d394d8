"""A worker of granian that serves a WSGI application with header names as they were sent.

Granian's own WSGI worker hands over a finished environment, in which two spellings of a header's
name have become one. Its RSGI worker has the names. RSGI is asynchronous; here each request runs in
the thread that granian takes for it, as with WSGI, and there is no event loop. A body is read
before a thread is taken, so a client that sends one slowly holds a connection and nothing else.
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

from flask_watchword.cli.serving.wsgi_environ import Scope, environ_of, has_readable_forwarding
from flask_watchword.service.context import service_context

_logger = logging.getLogger(__name__)

_Headers = list[tuple[str, str]]

_UNREADABLE = b'{"msg":"X-Forwarded-For has bytes outside ASCII","code":"bad_request"}\n'


class _Pending(Protocol):
    """Bytes that granian reads from the client."""

    def result(self) -> bytes: ...
    def add_done_callback(self, callback: Callable[["_Pending"], None], /) -> None: ...


class _Exchange(Protocol):
    """The body of a request, and the way to answer it."""

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
    """Takes the status and the headers of an answer (PEP 3333)."""

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
    """Runs an application for each request, in the thread that brings it.

    Args:
        app: the application.
        longest: bytes of the longest body that the application accepts.
    """

    def __init__(self, app: Flask, longest: int) -> None:
        self._app = app.wsgi_app
        self._longest = longest

    def run(self, request: _Request) -> None:
        """Answer a request whose head has been read, at once or when its body is there."""
        scope, exchange = request.scope, request.proto
        try:
            headers = scope.headers
            answer = partial(self._answer, scope, exchange)
            if headers.get_all("transfer-encoding"):
                _ChunkedBody(exchange, self._longest, answer).read()
            elif 0 < _length(headers.get_all("content-length")) <= self._longest:
                exchange().add_done_callback(partial(_read_whole, answer))
            else:
                # There is none, or the application refuses it by the length that is announced.
                answer(b"")
        except Exception:  # noqa: BLE001 - granian would swallow it; the client is answered
            _fail(exchange)

    def _answer(self, scope: Scope, exchange: _Exchange, body: bytes) -> None:
        started = _StartResponse()
        try:
            if not has_readable_forwarding(scope.headers):
                exchange.response_bytes(400, [("content-type", "application/json")], _UNREADABLE)
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
    """Reads a body that does not say how long it is, and no more of it than may be accepted.

    Args:
        exchange: with the client.
        longest: bytes that may be accepted; one more tells that there are too many.
        done: takes the body.
    """

    def __init__(self, exchange: _Exchange, longest: int, done: Callable[[bytes], None]) -> None:
        self._exchange = exchange
        self._longest = longest
        self._done = done
        self._body = bytearray()
        exchange.__aiter__()

    def read(self) -> None:
        """Read chunk after chunk; return when it is done, or when a callback goes on with it."""
        # A chunk may be there before its callback is registered, which is then called from within.
        # The second to take the lock, this loop or the callback, goes on: were it always the
        # callback, a client that sends many small chunks would choose how deep the stack gets.
        is_over = False
        while not is_over:
            lock = threading.Lock()
            chunk = self._exchange.__anext__()
            chunk.add_done_callback(partial(self._go_on, lock))
            if lock.acquire(blocking=False):
                return
            is_over = self._take(chunk)

    def _go_on(self, lock: threading.Lock, chunk: _Pending) -> None:
        if lock.acquire(blocking=False):
            return
        try:
            if not self._take(chunk):
                self.read()
        except Exception:  # noqa: BLE001 - granian would swallow it; the client is answered
            _fail(self._exchange)

    def _take(self, chunk: _Pending) -> bool:
        data = _received(chunk)
        if data is None:
            return True
        self._body += data
        is_over = not data or len(self._body) > self._longest
        if is_over:
            self._done(bytes(self._body[: self._longest + 1]))
        return is_over


class _NoLoop:
    """Stands where granian expects an event loop: a callback runs in the thread that has it."""

    def call_soon(self, callback: Callable[..., None], *values: object, context: object) -> None:
        callback(*values)

    call_soon_threadsafe = call_soon


class _Scheduler(CallbackScheduler):
    """Runs each request by a function, where granian's own starts a coroutine."""

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
    """Serve an application in a worker process; takes what granian gives to its own workers."""
    stop, stopped = set_sync_signals(), threading.Event()  # type: ignore[no-untyped-call]
    stop.add_cb(stopped.set)
    new_worker: Any = RSGIWorker  # whose stub is not that of this version
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
    with app.app_context():
        longest = service_context().settings.max_request_bytes
    no_loop = _NoLoop()
    scheduler = _Scheduler(no_loop, RequestRunner(app, longest).run, None, None, None)
    serve = getattr(worker, WORKERS_METHODS[runtime_mode][(sock[0] or sock[1]).is_uds()])
    serve(scheduler, no_loop, stop)
    stopped.wait()


def _read_whole(answer: Callable[[bytes], None], body: _Pending) -> None:
    whole = _received(body)
    if whole is not None:
        answer(whole)


def _received(pending: _Pending) -> bytes | None:
    """Return what was read; ``None`` when the client has closed the connection."""
    try:
        return pending.result()
    except Exception:  # noqa: BLE001 - of a class that granian does not show
        return None


def _length(values: list[str]) -> int:
    # Granian refuses requests of which it is no number, or which have two that differ.
    return int(values[0]) if values else 0


def _fail(exchange: _Exchange) -> None:
    _logger.exception("a request could not be answered")
    exchange.response_empty(500, [])
