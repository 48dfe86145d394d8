"""Several workers count together, and what one of them counted outlives it."""

import http.client
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cli.conftest import Serve
from tests.servers.valkey import wait_until
from tests.service.test_metrics import figures

pytestmark = pytest.mark.server

_HEALTH = "watchword_requests_total endpoint=healthz method=GET status=200"


def test_any_worker_tells_the_sum_over_all_of_them(serve: Serve, sqlite_url: str) -> None:
    server = serve("--database", sqlite_url, "--workers", "3")
    server.wait_until_it_listens()

    def ask(_: int) -> int:
        # A connection each, so that all workers get some.
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status
        finally:
            connection.close()

    def counted() -> float:
        status, body = server.get("/metrics")
        assert status == 200
        return figures(body.decode()).get(_HEALTH, 0)

    with ThreadPoolExecutor(12) as many:
        assert set(many.map(ask, range(300))) == {200}
    # A worker shares its counts every tenth of a second.
    wait_until(lambda: counted() == 300)
    assert [counted() for _ in range(6)] == [300] * 6

    children = [int(pid) for pid in _children(server.process.pid)]
    os.kill(children[0], signal.SIGKILL)
    wait_until(lambda: _children(server.process.pid) != [str(child) for child in children])
    wait_until(lambda: _answers(server.port))
    with ThreadPoolExecutor(12) as many:
        assert set(many.map(ask, range(60))) == {200}
    wait_until(lambda: counted() == 360)
    assert [counted() for _ in range(6)] == [360] * 6


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
