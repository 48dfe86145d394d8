"""A local server whose responses the test defines, byte by byte."""

import json
import socketserver
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

#: The response on one connection: pieces that are sent in order.
Answer = Iterable[bytes]


def http_answer(body: bytes = b"{}", status: str = "200 OK", **headers: str) -> bytes:
    """Return a complete response; `Cache_Control=` becomes the header `Cache-Control`."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Site:
    """The server: its responses by path, and the requests it received."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[str] = []
        self.ended = threading.Semaphore(0)
        site = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                try:
                    site._answer(self)
                finally:
                    site.ended.release()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = 128

            def get_request(self) -> Any:
                sock, address = super().get_request()
                return (tls.wrap_socket(sock, server_side=True) if tls else sock), address

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Print nothing: many tests are about clients that hang up."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self.scheme = "https" if tls else "http"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def says(self, path: str, *pieces: bytes) -> None:
        """Set the pieces of the response for a path."""
        self.answers[path] = pieces

    def serves(self, path: str, value: Any, **headers: str) -> None:
        """Set a JSON document as the response for a path."""
        self.says(path, http_answer(json.dumps(value).encode(), **headers))

    def hold(self, path: str) -> threading.Event:
        """Delay the response for a path until the returned event is set."""
        released, pieces = threading.Event(), self.answers[path]

        def held() -> Iterator[bytes]:
            if not released.wait(30):
                raise TimeoutError("nobody released the answer")
            yield from pieces

        self.answers[path] = held()
        return released

    def asked(self, path: str) -> int:
        """Return the number of requests for a path."""
        return sum(request.startswith(f"GET {path} ") for request in self.requests)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, handler: socketserver.StreamRequestHandler) -> None:
        head = b""
        while line := handler.rfile.readline().strip():
            head += line + b"\n"
        request = head.decode("ascii")
        self.requests.append(request)
        path = request.split(" ")[1]
        for piece in self.answers.get(path) or [http_answer(status="404 Not Found")]:
            handler.wfile.write(piece)
            handler.wfile.flush()


@contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    site = Site(tls)
    try:
        yield site
    finally:
        site.close()
