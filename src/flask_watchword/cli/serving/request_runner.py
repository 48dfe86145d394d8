"""Run a WSGI application for the requests that granian reads.

Granian's own WSGI worker passes a finished environment, in which two spellings of a header name
have been merged. Its RSGI worker has the original names.
"""

import logging
from collections.abc import Callable, Collection
from functools import partial

from flask import Flask

from flask_watchword.cli.serving.bodies import Bodies
from flask_watchword.cli.serving.engine import Exchange, HeaderList, Request
from flask_watchword.cli.serving.wsgi_environ import Scope, environ_of, is_forwarded_for_readable

_logger = logging.getLogger(__name__)

_NON_ASCII_FORWARDED_FOR = (
    b'{"msg":"X-Forwarded-For has bytes outside ASCII","code":"bad_request"}\n'
)
_CLOSE = ("connection", "close")


class _StartResponse:
    """Receive the status and the headers of a response (PEP 3333)."""

    status: int
    headers: HeaderList

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def __call__(
        self, status: str, headers: HeaderList, _: object = None, /
    ) -> Callable[[bytes], object]:
        self.status = int(status.partition(" ")[0])
        self.headers = headers
        return self.written.append


class RequestRunner:
    """Run an application for each request.

    Args:
        app: the application.
        bodies: reads the bodies.
        submit: runs a task in another thread.
        immediate: methods and paths of the requests that wait for nothing. They are run in the
            thread that has read them, which is faster and never waits for a store.
    """

    def __init__(
        self,
        app: Flask,
        bodies: Bodies,
        submit: Callable[[Callable[[], None]], None],
        immediate: Collection[tuple[str, str]],
    ) -> None:
        self._app = app.wsgi_app
        self._bodies = bodies
        self._submit = submit
        self._immediate = immediate

    def handle(self, request: Request) -> None:
        """Respond to a request whose head has been read, at once or when its body has arrived."""
        scope, exchange = request.scope, request.proto
        try:
            headers = scope.headers
            dispatch = partial(self._dispatch, scope, exchange)
            if headers.get_all("transfer-encoding"):
                self._bodies.read_chunks(exchange, dispatch)
                return
            length = _length(headers.get_all("content-length"))
            if 0 < length <= self._bodies.limits.size:
                self._bodies.read_whole(exchange, length, dispatch)
            else:
                # There is no body, or the application rejects it by the announced length.
                dispatch(b"", is_unread=length > 0)
        except Exception:  # noqa: BLE001 - granian would swallow it; the client gets a 500
            _fail(exchange)

    def _dispatch(
        self, scope: Scope, exchange: Exchange, body: bytes, *, is_unread: bool = False
    ) -> None:
        # What has not been read of a body must not be taken for the next request.
        closes = is_unread or len(body) > self._bodies.limits.size
        respond = partial(self._respond, scope, exchange, body, closes)
        if (scope.method, scope.path) in self._immediate:
            respond()
        else:
            self._submit(respond)

    def _respond(self, scope: Scope, exchange: Exchange, body: bytes, closes: bool) -> None:
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
            headers = [*started.headers, _CLOSE] if closes else started.headers
            exchange.response_bytes(started.status, headers, whole)
        except Exception:  # noqa: BLE001 - as above
            _fail(exchange)


def _length(values: list[str]) -> int:
    # Granian rejects requests whose length is not a number, or that have two different lengths.
    return int(values[0]) if values else 0


def _fail(exchange: Exchange) -> None:
    _logger.exception("request failed")
    exchange.response_empty(500, [])
