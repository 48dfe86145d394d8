"""Clients that keep connections open do not block other clients."""

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.cli.conftest import RunningServer, Serve, starting, unused_port

pytestmark = pytest.mark.server

#: More than a worker has threads.
MANY = 40
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS_FRAME = b"\0\0\0\4\0\0\0\0\0"
ASKED = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
BEGUN = (
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 60\r\n\r\n{"
)

#: The service with a connection timeout of one second.
HASTY = (
    sys.executable,
    "-c",
    "import flask_watchword.cli.serving.worker as worker; worker._HEAD_SECONDS = 1\n"
    "from flask_watchword.cli.main import main; main()",
)


def test_http_2_whose_threads_do_not_return_is_disabled(serve: Serve) -> None:
    server = serve("--workers", "1")
    server.wait_until_it_listens()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(PREFACE + SETTINGS_FRAME)
        answer = client.recv(1024)
    # Neither the server preface nor any other HTTP/2 data.
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert server.get("/healthz")[0] == 200


def test_incomplete_bodies_hold_no_thread_once_their_clients_disconnect(
    serve: Serve,
) -> None:
    server = serve("--workers", "1")
    server.wait_until_it_listens()
    with ExitStack() as stack:
        for _ in range(MANY):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            client.sendall(BEGUN)
    assert server.get("/healthz")[0] == 200


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with starting(tmp_path_factory.mktemp("hasty"), unused_port()) as start:
        server = start("--workers", "1", command=HASTY)
        server.wait_until_it_listens()
        yield server


@pytest.mark.parametrize(
    ("sent", "answers"), [(b"", 0), (b"G", 0), (ASKED[:20], 0), (ASKED, 1), (ASKED + b"G", 1)]
)
def test_idle_connection_is_closed(hasty: RunningServer, sent: bytes, answers: int) -> None:
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=30) as client:
        if sent:
            client.sendall(sent)
        output = b"".join(iter(lambda: client.recv(65_536), b""))
    assert output.count(b"HTTP/1.1 200") == answers
