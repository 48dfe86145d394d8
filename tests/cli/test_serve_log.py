"""The access log of `watchword serve`."""

import http.client
import os
import subprocess
import time

import pytest

from tests.cli.conftest import START_SECONDS, STOP_SECONDS, WATCHWORD, Serve, listens
from tests.servers.valkey import free_port

pytestmark = pytest.mark.server


def get_health(port: int, times: int) -> None:
    """Send requests over one connection; each gets its response within the timeout."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for _ in range(times):
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        response.read()
        assert response.status == 200
    connection.close()


def test_every_request_has_its_line_when_the_server_has_stopped(serve: Serve) -> None:
    server = serve("--workers", "2")
    server.wait_until_it_listens()
    for _ in range(4):
        get_health(server.port, 25)
    assert server.stop() == 0
    assert server.output.count(" INFO GET /healthz 200 ") == 100


def test_a_log_that_is_not_read_does_not_block_requests(sqlite_url: str) -> None:
    port = free_port()
    command = (*WATCHWORD, "serve", "--port", str(port), "--workers", "1", "--database", sqlite_url)
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not listens(port):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        # The pipe has room for some 700 lines.
        get_health(port, 3_000)
        assert server.stderr is not None
        os.set_blocking(server.stderr.fileno(), False)
        assert len(server.stderr.read() or b"") > 50_000
    finally:
        server.terminate()
        server.communicate(timeout=STOP_SECONDS)
