"""SIGTERM: requests in progress get a complete response, and no new ones are accepted."""

import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from flask_watchword.cli.serving.supervisor import SAME_SIGNAL_SECONDS
from tests.cli.conftest import STOP_SECONDS, RunningServer, Serve, workers_of
from tests.servers.valkey import wait_until

pytestmark = pytest.mark.server

LOGINS = 8
BODY = json.dumps({"email": "nobody@example.com", "password": "a password"}).encode()
BEGUN = (
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Expect: 100-continue\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY)
)


def body_of(login: int) -> bytes:
    """Return the body of a login to an account of its own: one has but a share of the hashing."""
    return BODY.replace(b"nobody@", b"nobod%d@" % login)


@contextmanager
def begun_logins(server: RunningServer, number: int) -> Iterator[list[socket.socket]]:
    """Yield connections on each of which a view waits for the body of a login."""
    with ExitStack() as stack:
        clients = []
        for _ in range(number):
            address = ("127.0.0.1", server.port)
            client = stack.enter_context(socket.create_connection(address, timeout=STOP_SECONDS))
            client.sendall(BEGUN)
            # The server sends 100 Continue when the view reads the body.
            assert client.recv(1024).startswith(b"HTTP/1.1 100 ")
            clients.append(client)
        yield clients


def whole_answer(client: socket.socket) -> tuple[bytes, object]:
    """Return the first line and the body, which has to be as long as it is said to be."""
    answer = b""
    while more := client.recv(65_536):
        answer += more
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-length: %d\r\n" % len(body) in head.lower() + b"\r\n"
    return head.splitlines()[0], json.loads(body)


def test_only_logins_in_progress_get_a_complete_response(serve: Serve) -> None:
    server = serve("--workers", "1")
    server.wait_until_it_listens()
    with begun_logins(server, LOGINS) as clients:
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not server.listens())
        for n, client in enumerate(clients):
            client.sendall(body_of(n)[:1])
        for n, client in enumerate(clients):
            client.sendall(body_of(n)[1:])
        for client in clients:
            line, body = whole_answer(client)
            assert line == b"HTTP/1.1 401 Unauthorized"
            assert body == {"msg": "Bad email or password", "code": "invalid_credentials"}
    ended_cleanly(server)


def ended_cleanly(server: RunningServer) -> None:
    assert server.process.wait(STOP_SECONDS) == 0
    assert server.group_is_gone()
    assert "Traceback" not in server.output
    assert "ERROR" not in server.output


def test_busy_worker_does_not_keep_the_sockets_of_others_open(serve: Serve) -> None:
    server = serve("--workers", "3")
    server.wait_until_it_listens()
    with begun_logins(server, 1) as (client,):
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: len(workers_of(server)) == 1 and not server.listens(), 30)
        client.sendall(BODY)
        assert whole_answer(client)[0] == b"HTTP/1.1 401 Unauthorized"
    ended_cleanly(server)


def test_workers_that_do_not_serve_yet_end_at_once(serve: Serve) -> None:
    server = serve("--workers", "3")
    wait_until(lambda: len(workers_of(server)) > 0, 30)
    told_at = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    ended_cleanly(server)
    assert time.monotonic() < told_at + 9, "and not by the time-out"


def test_signal_sent_to_the_workers_too_is_not_a_failure(serve: Serve) -> None:
    server = serve("--workers", "2")
    server.wait_until_it_listens()
    assert server.get("/readyz")[0] == 200
    with frozen(server.process.pid):
        os.killpg(server.process.pid, signal.SIGTERM)
        wait_until(lambda: all(has_ended(worker) for worker in workers_of(server)), 30)
    assert server.process.wait(STOP_SECONDS) == 0
    assert server.group_is_gone()


def test_ctrl_c_leaves_it_to_the_first_process_to_end_the_workers(serve: Serve) -> None:
    server = serve("--workers", "2")
    server.wait_until_it_listens()
    with begun_logins(server, 4) as clients:
        with frozen(server.process.pid):
            os.killpg(server.process.pid, signal.SIGINT)
            assert server.get("/healthz")[0] == 200
            assert not any(has_ended(worker) for worker in workers_of(server))
        wait_until(lambda: not server.listens())
        for n, client in enumerate(clients):
            client.sendall(body_of(n))
        for client in clients:
            assert whole_answer(client)[0] == b"HTTP/1.1 401 Unauthorized"
    ended_cleanly(server)


@contextmanager
def frozen(process: int) -> Iterator[None]:
    """Suspend a process during the block; signals wait for it."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def has_ended(worker: str) -> bool:
    return Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_clients_that_ask_nothing_do_not_hold_it_up(serve: Serve) -> None:
    server = serve("--workers", "1")
    server.wait_until_it_listens()
    place = ("127.0.0.1", server.port)
    kept = http.client.HTTPConnection(*place, timeout=STOP_SECONDS)
    with socket.create_connection(place) as silent, closing(kept):
        kept.request("GET", "/healthz")
        assert kept.getresponse().read() == b'{"status":"ok"}\n'
        server.process.send_signal(signal.SIGTERM)
        assert kept.sock.recv(1024) == b""
        ended_cleanly(server)
        assert silent.recv(1024) == b""


@pytest.mark.parametrize("to_all", [False, True], ids=["SIGTERM", "Ctrl+C"])
def test_second_signal_stops_immediately(serve: Serve, to_all: bool) -> None:
    server = serve("--workers", "2")
    server.wait_until_it_listens()
    with begun_logins(server, 1):
        told_at = time.monotonic()
        tell(server, to_all)
        tell(server, to_all)  # immediately: it is the same signal, sent twice
        time.sleep(SAME_SIGNAL_SECONDS + 0.2)
        assert server.process.poll() is None
        tell(server, to_all)
        ended_cleanly(server)
        assert time.monotonic() < told_at + 9, "and not by the time-out"
    assert "second stop signal: aborting requests in flight" in server.output


def test_reload_that_waits_for_an_old_worker_does_not_block_the_stop(serve: Serve) -> None:
    server = serve("--workers", "1")
    server.wait_until_it_listens()
    with begun_logins(server, 1):
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(workers_of(server)) == 2, 30)
        told_at = time.monotonic()
        tell(server, False)
        wait_until(lambda: not server.listens())
        assert len(workers_of(server)) > 0, "the old one is waited for"
        time.sleep(SAME_SIGNAL_SECONDS + 0.2)
        tell(server, False)
        ended_cleanly(server)
        assert time.monotonic() < told_at + 9, "the old one is hurried as well"


def tell(server: RunningServer, to_all: bool) -> None:
    if to_all:
        os.killpg(server.process.pid, signal.SIGINT)
    else:
        server.process.send_signal(signal.SIGTERM)


def test_incomplete_request_does_not_block_the_stop_forever(serve: Serve) -> None:
    server = serve("--workers", "1")
    server.wait_until_it_listens()
    with begun_logins(server, 1):
        server.process.send_signal(signal.SIGTERM)
        ended_cleanly(server)
