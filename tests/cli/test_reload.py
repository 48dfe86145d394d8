"""SIGHUP: other workers by other settings, and not a request lost."""

import http.client
import json
import os
import select
import signal
import socket
import threading
import time
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.cli.conftest import RunningServer, Serve, workers_of
from tests.servers.valkey import wait_until

pytestmark = pytest.mark.server

#: Requests that are sent in a second, as far as the machine comes along.
PER_SECOND = 500
CLIENTS = 10


class Load:
    """Clients that ask all the time, half of them over connections that stay open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ended = threading.Event()
        self.answers: Counter[str] = Counter()
        self._threads = [
            threading.Thread(target=self._ask, args=(number % 2 == 0,)) for number in range(CLIENTS)
        ]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self, stays_open: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        next_at = time.monotonic()
        while not self._ended.is_set():
            next_at += CLIENTS / PER_SECOND
            self.answers[self._answer(connection)] += 1
            if not stays_open:
                connection.close()
            self._ended.wait(max(0.0, next_at - time.monotonic()))
        connection.close()

    def _answer(self, connection: http.client.HTTPConnection) -> str:
        was_kept = connection.sock is not None
        try:
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            # A server may close a connection that is kept open at any time, and a client then asks
            # once more over another one (RFC 9112 section 9.3.1). On a new one nothing is lost.
            return self._answer(connection) if was_kept else repr(error)
        return str(answer.status)


def name_told(server: RunningServer) -> str:
    title: str = json.loads(server.get("/openapi.json")[1])["info"]["title"]
    return title


def write_settings(folder: Path, text: str) -> None:
    (folder / ".env").write_text(text)
    (folder / ".env").chmod(0o600)


def test_under_load_other_workers_take_over_and_no_request_is_lost(
    serve: Serve, tmp_path: Path
) -> None:
    write_settings(tmp_path, "WATCHWORD_SERVICE_NAME=Before\n")
    server = serve("--workers", "2", WATCHWORD_LOG_LEVEL="warning")
    server.wait_until_it_listens()
    wait_until(lambda: len(workers_of(server)) == 2, 30)
    before = workers_of(server)
    assert "Before" in name_told(server)
    write_settings(tmp_path, "WATCHWORD_SERVICE_NAME=After\n")
    with Load(server.port) as load:
        wait_until(lambda: load.answers["200"] > 50, 30)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: not workers_of(server) & before, 60)
        wait_until(lambda: len(workers_of(server)) == 2, 30)
        here = load.answers["200"]
        wait_until(lambda: load.answers["200"] > here + 50, 30)
    assert set(load.answers) == {"200"}
    assert load.answers["200"] > 500
    assert "After" in name_told(server)
    assert server.stop() == 0
    assert server.group_is_gone()


def test_connections_that_were_not_accepted_wait_for_the_new_workers(serve: Serve) -> None:
    server = serve("--workers", "1")
    server.wait_until_it_listens()
    assert server.get("/healthz")[0] == 200
    (before,) = workers_of(server)
    freeze(before)
    with ExitStack() as stack:
        stack.callback(os.kill, int(before), signal.SIGCONT)
        clients = [stack.enter_context(asking(server)) for _ in range(20)]
        server.process.send_signal(signal.SIGHUP)
        for client in clients:
            assert client.recv(1024).startswith(b"HTTP/1.1 200 ")
    assert server.stop() == 0


def test_connections_that_a_killed_worker_has_not_taken_wait_for_the_next_one(serve: Serve) -> None:
    server = serve("--workers", "2")
    server.wait_until_it_listens()
    wait_until(lambda: len(workers_of(server)) == 2, 30)
    assert server.get("/healthz")[0] == 200
    before = workers_of(server)
    for worker in before:
        freeze(worker)
    with ExitStack() as stack:
        clients = [stack.enter_context(asking(server)) for _ in range(40)]
        for worker in before:
            os.kill(int(worker), signal.SIGKILL)
        for client in clients:
            assert client.recv(1024).startswith(b"HTTP/1.1 200 ")
    assert server.stop() == 0


def test_stopping_worker_leaves_new_connections_to_the_next(serve: Serve) -> None:
    server = serve("--workers", "1")
    server.wait_until_it_listens()
    kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    kept.request("GET", "/healthz")
    assert kept.getresponse().read() == b'{"status":"ok"}\n'
    (before,) = workers_of(server)
    # As the first process does it; that it ends this worker comes right after.
    assert may_take(before, server.port)
    os.kill(int(before), signal.SIGUSR1)
    wait_until(lambda: not may_take(before, server.port))
    with closing(kept), asking(server) as client:
        for _ in range(10):
            kept.request("GET", "/healthz")
            assert kept.getresponse().read() == b'{"status":"ok"}\n'
        assert not select.select([client], [], [], 0.2)[0]
        server.process.send_signal(signal.SIGHUP)
        assert client.recv(1024).startswith(b"HTTP/1.1 200 ")
    assert server.stop() == 0


def may_take(worker: str, port: int) -> bool:
    """Return whether a worker has a socket that listens on the port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}")}
    listening &= {f"socket:[{row[9]}]" for row in rows if row[3] == "0A"}
    return any(str(one.readlink()) in listening for one in Path(f"/proc/{worker}/fd").iterdir())


def freeze(worker: str) -> None:
    os.kill(int(worker), signal.SIGSTOP)
    threads = Path(f"/proc/{worker}/task")
    wait_until(lambda: all(") T " in (one / "stat").read_text() for one in threads.iterdir()))


def asking(server: RunningServer) -> socket.socket:
    """Return a connection on which something is asked."""
    client = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client


def test_stop_signal_stops_old_workers_that_were_not_replaced_yet(serve: Serve) -> None:
    server = serve("--workers", "4")
    server.wait_until_it_listens()
    wait_until(lambda: len(workers_of(server)) == 4, 30)
    seen = before = workers_of(server)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: bool(workers_of(server) - before), 30)
    server.process.send_signal(signal.SIGTERM)
    while server.process.poll() is None:  # or it is gone, and so is its list
        seen = seen | workers_of(server)
    assert len(seen - before) == 1
    assert server.process.returncode == 0
    assert server.group_is_gone()


def test_settings_that_are_wrong_leave_those_of_before_and_say_why(
    serve: Serve, tmp_path: Path
) -> None:
    write_settings(tmp_path, "WATCHWORD_SERVICE_NAME=Before\n")
    server = serve("--workers", "1")
    server.wait_until_it_listens()
    wait_until(lambda: len(workers_of(server)) == 1, 30)
    before = workers_of(server)
    write_settings(tmp_path, "WATCHWORD_SERVICE_NAME=After\nWATCHWORD_ACCESS_TOKEN_SECONDS=soon\n")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: not workers_of(server) & before, 60)
    assert "Before" in name_told(server)
    (line,) = [line for line in server.output.splitlines() if "ERROR" in line]
    assert line.endswith(
        "ERROR keeping the previous settings: WATCHWORD_ACCESS_TOKEN_SECONDS: "
        "'soon' is not a number from 1 to 31536000"
    )
    assert server.stop() == 0


def test_settings_that_require_a_restart_are_reported(serve: Serve, tmp_path: Path) -> None:
    server = serve("--workers", "1")
    server.wait_until_it_listens()
    write_settings(tmp_path, "WATCHWORD_LOG_LEVEL=error\n")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "only a restart changes WATCHWORD_LOG_LEVEL" in server.output, 30)
    assert server.stop() == 0
