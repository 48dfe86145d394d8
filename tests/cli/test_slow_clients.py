"""Clients that send a body slowly hold a connection but no thread."""

import socket
from contextlib import ExitStack

import pytest

from tests.cli.conftest import Serve

pytestmark = pytest.mark.server

#: More than a worker has threads.
SLOW_CLIENTS = 40
HALF_A_LOGIN = (
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 60\r\n\r\n{"
)
HALF_IN_CHUNKS = (
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"
)


def test_clients_that_send_half_a_body_do_not_block_others(serve: Serve) -> None:
    server = serve("--workers", "1")
    server.wait_until_it_listens()
    with ExitStack() as stack:
        for half in (HALF_A_LOGIN, HALF_IN_CHUNKS):
            for _ in range(SLOW_CLIENTS):
                address = ("127.0.0.1", server.port)
                slow = stack.enter_context(socket.create_connection(address, timeout=10))
                slow.sendall(half)
        assert server.get("/healthz")[0] == 200


def test_chunked_body_that_is_too_long_is_rejected_with_a_response(serve: Serve) -> None:
    server = serve("--workers", "1")
    server.wait_until_it_listens()
    body = b'{"email": "a@example.com", "password": "x"}'.ljust(65_536) + b"more"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(
            b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        )
        assert b" 413 " in client.recv(4096).splitlines()[0]
