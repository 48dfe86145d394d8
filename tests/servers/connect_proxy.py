"""A minimal HTTP proxy: it opens tunnels to ports of this machine for any host name."""

import base64
import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_POLL_SECONDS = 0.01


class ConnectProxy:
    """The proxy.

    Attributes:
        port: its port on this machine.
        leads_to: ports by the host and port of the request; others get 403.
        credentials: the required user and password; ``None`` for none.
        answer: the response to every request instead of a tunnel, if set.
        requests: the headers of the received requests.
    """

    def __init__(self) -> None:
        self.leads_to: dict[str, int] = {}
        self.credentials: tuple[str, str] | None = None
        self.answer: bytes | None = None
        self.requests: list[str] = []
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                proxy._handle(self)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Print nothing: some tests are about clients that hang up."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handle(self, handler: socketserver.StreamRequestHandler) -> None:
        head = ""
        while line := handler.rfile.readline().decode("latin-1").strip():
            head += line + "\n"
        self.requests.append(head)
        if self.answer is not None:
            handler.wfile.write(self.answer)
        elif not self._is_welcome(head):
            handler.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        elif (port := self.leads_to.get(head.split(" ")[1])) is None:
            handler.wfile.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        else:
            with socket.create_connection(("127.0.0.1", port)) as there:
                handler.wfile.write(b"HTTP/1.1 200 Connection established\r\nVia: a test\r\n\r\n")
                _carry(handler.connection, there)

    def _is_welcome(self, head: str) -> bool:
        if self.credentials is None:
            return True
        wanted = base64.b64encode(":".join(self.credentials).encode()).decode()
        return f"Proxy-Authorization: Basic {wanted}\n" in head


def _carry(here: socket.socket, there: socket.socket) -> None:
    """Forward the data of each side until one of them hangs up."""
    other = {here: there, there: here}
    while True:
        for ready in select.select([here, there], [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            other[ready].sendall(data)


@contextmanager
def connect_proxy() -> Iterator[ConnectProxy]:
    """Yield a proxy."""
    proxy = ConnectProxy()
    try:
        yield proxy
    finally:
        proxy.close()
