"""Call a WSGI application directly, without a server."""

import io
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

PATH = "/protected-route"


def environ_for(authorization: str | None) -> "WSGIEnvironment":
    """Return a new environ of one GET request, with the headers of a browser."""
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": PATH,
        "QUERY_STRING": "",
        "REQUEST_URI": PATH,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "5000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost:5000",
        "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "HTTP_ACCEPT": "application/json",
        "HTTP_ACCEPT_LANGUAGE": "en-GB,en;q=0.5",
        "HTTP_ACCEPT_ENCODING": "gzip, deflate, br",
        "HTTP_CONNECTION": "keep-alive",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if authorization is not None:
        environ["HTTP_AUTHORIZATION"] = authorization
    return environ


class Client:
    """Send batches of requests to one application and check the status of the responses."""

    def __init__(self, app: "WSGIApplication", status: int) -> None:
        self._app = app
        self._expected = str(status)
        self._statuses: list[str] = []

    def send(self, environs: "Sequence[WSGIEnvironment]") -> None:
        """Send every request; read and close every response."""
        app, start_response = self._app, self._start_response
        for environ in environs:
            body: Any = app(environ, start_response)
            for _ in body:
                pass
            body.close()

    def check(self) -> None:
        """Raise `RuntimeError` if any response since the last check had another status."""
        wrong = {status for status in self._statuses if not status.startswith(self._expected)}
        self._statuses.clear()
        if wrong:
            raise RuntimeError(f"expected {self._expected}, got {', '.join(sorted(wrong))}")

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        self._statuses.append(status)
        return _write


def _write(data: bytes, /) -> object:
    raise RuntimeError("Flask returns its body, it does not write it")
