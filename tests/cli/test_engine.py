"""The engine, on what granian does not document: this fails with a release that changes it."""

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from flask_watchword.cli.serving.engine import Engine, Limits, Pending, Request

LIMITS = Limits(connections=8, backlog=8, head_seconds=30, head_bytes=8192)


class Echo:
    """Respond with the method, the path and the body; keep what the engine has passed."""

    def __init__(self) -> None:
        self.threads: set[int] = set()

    def handle(self, request: Request) -> None:
        self.threads.add(threading.get_ident())
        request.proto().add_done_callback(lambda body: self.respond(request, body))

    def respond(self, request: Request, body: Pending) -> None:
        self.threads.add(threading.get_ident())
        scope = request.scope
        said = f"{scope.method} {scope.path} ".encode() + body.result()
        request.proto.response_bytes(200, [("x-name", scope.headers.get_all("x_name")[0])], said)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    created = socket.create_server(("127.0.0.1", 0))
    yield created
    created.detach()  # The engine has closed it.


def test_serves_a_socket_from_one_thread_and_finishes_on_stop(listener: socket.socket) -> None:
    echo = Echo()
    engine = Engine(listener, echo.handle, LIMITS)
    engine.start()
    client = http.client.HTTPConnection("127.0.0.1", listener.getsockname()[1], timeout=10)
    with closing(client):
        for body in (b"some", b"", b"more"):
            client.request("POST", "/path", body, {"X_Name": "as sent"})
            response = client.getresponse()
            assert response.read() == b"POST /path " + body
            assert response.headers["x-name"] == "as sent"
        assert len(echo.threads) == 1
        engine.stop()
        engine.wait_until_stopped()
        assert client.sock.recv(1) == b""


def test_cancelled_body_closes_the_connection_after_the_response(listener: socket.socket) -> None:
    begun = threading.Event()
    requests: list[tuple[Request, Pending]] = []

    def handle(request: Request) -> None:
        requests.append((request, request.proto()))
        begun.set()

    engine = Engine(listener, handle, LIMITS)
    engine.start()
    with socket.create_connection(listener.getsockname(), timeout=10) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx")
        assert begun.wait(10)
        ((request, pending),) = requests
        request.proto.response_bytes(408, [("connection", "close")], b"late")
        assert pending.cancel()
        received = b"".join(iter(lambda: client.recv(4096), b""))
    assert received.startswith(b"HTTP/1.1 408 ")
    assert received.endswith(b"late")
    engine.stop()
    engine.wait_until_stopped()
