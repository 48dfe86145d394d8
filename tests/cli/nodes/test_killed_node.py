"""A node that is killed under load."""

import http.client
import json
import os
import signal
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Serve
from tests.cli.nodes.conftest import Node, Nodes, Settings
from tests.servers.valkey import free_port

pytestmark = pytest.mark.server

SESSIONS = 6


def test_killing_a_node_under_load_loses_no_session(
    serve: Serve, settings: Settings, tmp_path: Path
) -> None:
    first = serve("--workers", "2", **settings)
    second = serve("--workers", "2", port=free_port(), **settings)
    for server in (first, second):
        server.wait_until_it_listens()
    a, b = Node(first), Node(second)
    email = Nodes(a, b, tmp_path, settings).add_user()
    held = [a.log_in(email) for _ in range(SESSIONS)]
    rotated = threading.Semaphore(0)
    threads = [
        threading.Thread(target=refresh_until_it_is_gone, args=(first.port, pair, rotated))
        for pair in held
    ]
    for thread in threads:
        thread.start()
    for _ in range(5 * SESSIONS):
        assert rotated.acquire(timeout=30)
    os.killpg(first.process.pid, signal.SIGKILL)
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    # The client either has the last response or retries with the same token.
    for pair in held:
        status, renewed = b.ask("POST", "/refresh", pair["refresh_token"])
        assert status == 200, renewed
        assert b.ask("GET", "/me", renewed["access_token"])[0] == 200


def refresh_until_it_is_gone(port: int, pair: dict[str, Any], rotated: threading.Semaphore) -> None:
    """Refresh repeatedly and store the tokens of the last response."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        while True:
            token = pair["refresh_token"]
            try:
                connection.request("POST", "/refresh", headers={"Authorization": f"Bearer {token}"})
                answer = connection.getresponse()
                renewed = json.loads(answer.read())
            except (OSError, http.client.HTTPException):
                return
            assert answer.status == 200, renewed
            pair |= renewed
            rotated.release()
