"""SIGHUP: other workers by other settings, and not a request lost."""

import http.client
import json
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.conftest import RunningServer, Serve
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

    def _answer(self, connection: http.client.HTTPConnection, tries: int = 2) -> str:
        try:
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            # A server may close a connection on which nothing is asked at any time, and a client
            # then asks once more over another one (RFC 9112 section 9.3.1). So does a proxy where
            # a connection is reset that no worker had taken yet.
            return self._answer(connection, tries - 1) if tries > 1 else repr(error)
        return str(answer.status)


def workers_of(server: RunningServer) -> set[str]:
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return set(children.read_text().split())


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
        "ERROR the settings of before stay: WATCHWORD_ACCESS_TOKEN_SECONDS: "
        "'soon' is not a number from 1 to 31536000"
    )
    assert server.stop() == 0


def test_what_takes_a_restart_is_said(serve: Serve, tmp_path: Path) -> None:
    server = serve("--workers", "1")
    server.wait_until_it_listens()
    write_settings(tmp_path, "WATCHWORD_LOG_LEVEL=error\n")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "only a restart changes WATCHWORD_LOG_LEVEL" in server.output, 30)
    assert server.stop() == 0
