"""Clients that send a body slowly hold a connection but no thread."""

import http.client
import resource
import select
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import RunningServer, Serve

pytestmark = pytest.mark.server

#: More than a worker has threads.
SLOW_CLIENTS = 40
A_LOGIN = (
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b'Content-Length: 50\r\n\r\n{"email":"test@example.com","password":"password"}'
)
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


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 1000000000\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n10001\r\n" + b" " * 65_537,
    ],
    ids=["length", "chunked"],
)
def test_oversized_body_is_rejected_unread_and_the_connection_is_closed(
    serve: Serve, sent: bytes
) -> None:
    server = serve("--workers", "1")
    server.wait_until_it_listens()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        # The rest of the body never comes, so the response cannot have waited for it.
        client.sendall(sent)
        received = b"".join(iter(lambda: client.recv(4096), b""))
    assert received.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in received.lower()
    assert received.count(b"HTTP/1.1 ") == 1


def test_locked_database_does_not_block_requests_that_do_not_write(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve("--workers", "1", "--demo")
    server.wait_until_it_listens()
    (database,) = tmp_path.glob("*.db")
    with ExitStack() as stack:
        locking = stack.enter_context(closing(sqlite3.connect(database, isolation_level=None)))
        locking.execute("BEGIN IMMEDIATE")
        login = stack.enter_context(
            socket.create_connection(("127.0.0.1", server.port), timeout=10)
        )
        login.sendall(A_LOGIN)
        assert server.get("/healthz")[0] == 200
        assert server.get("/me")[0] == 401
        assert not select.select([login], [], [], 0)[0], "the login waits for the lock"
        locking.execute("ROLLBACK")


@contextmanager
def slow_clients(server: RunningServer, slow: int, idle: int) -> Iterator[None]:
    """Hold connections that trickle heads and bodies, and idle ones."""
    halves = (HALF_A_LOGIN.replace(b"60", b"6000"), HALF_IN_CHUNKS, b"GET / HTTP/1.1\r\nX: ")
    trickles = (b" ", b"1\r\n \r\n", b"x")
    ended = threading.Event()
    with ExitStack() as stack:
        place = ("127.0.0.1", server.port)
        clients = [
            stack.enter_context(socket.create_connection(place, timeout=20))
            for _ in range(slow + idle)
        ]
        for number, client in enumerate(clients[:slow]):
            client.sendall(halves[number % 3])

        def trickle() -> None:
            while not ended.wait(1):
                for number, client in enumerate(clients[:slow]):
                    client.sendall(trickles[number % 3])

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def durations(server: RunningServer, requests: int) -> list[float]:
    """Return the sorted durations of requests on a new and a kept connection."""
    found = []
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as kept:
        for number in range(requests):
            begun = time.monotonic()
            if number % 10:
                kept.request("GET", "/healthz")
                response = kept.getresponse()
                response.read()
                status = response.status
            else:
                status = server.get("/healthz")[0]
            found.append(time.monotonic() - begun)
            assert status == 200
    return sorted(found)


def test_150_slow_and_50_idle_connections_do_not_fail_others(serve: Serve) -> None:
    server = serve("--workers", "2")
    server.wait_until_it_listens()
    with slow_clients(server, 150, 50):
        durations(server, 200)
    assert server.stop() == 0


@pytest.mark.slow
def test_2000_slow_and_500_idle_connections_at_most_double_the_p99_of_others(
    serve: Serve,
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    try:
        # Workers raise the limit that a shell has.
        server = serve("--workers", "2")
        server.wait_until_it_listens()
        durations(server, 500)
        ratios = []
        for _ in range(3):
            alone = durations(server, 3000)
            with slow_clients(server, 2000, 500):
                beside = durations(server, 3000)
            # A millisecond is left for the client, which trickles as well, in this process.
            ratios.append(p99(beside) / (p99(alone) + 0.001))
        assert min(ratios) <= 2
        assert server.stop() == 0
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def p99(durations: list[float]) -> float:
    return durations[len(durations) * 99 // 100]
