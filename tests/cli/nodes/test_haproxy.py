"""The service behind HAProxy, which forwards headers that other proxies drop."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import STOP_SECONDS, Serve
from tests.cli.nodes.test_proxy import ask, is_there, request_id
from tests.docs.pages import ROOT
from tests.servers.valkey import free_port, wait_until

pytestmark = pytest.mark.server

CONFIGURATION = (ROOT / "deploy" / "haproxy" / "watchword.cfg").read_text(encoding="utf-8")


@pytest.fixture
def haproxy() -> str:
    for name in ("haproxy", "/usr/sbin/haproxy"):
        program = shutil.which(name)
        if program is not None:
            return program
    pytest.skip("there is no HAProxy here: apt-get install haproxy")


def test_client_cannot_choose_its_address_behind_haproxy(
    haproxy: str, serve: Serve, tmp_path: Path
) -> None:
    node = serve("--demo", "--workers", "1", WATCHWORD_TRUSTED_PROXIES="1")
    node.wait_until_it_listens()
    with proxy(haproxy, tmp_path, node.port) as port:
        account = {"email": "test@example.com", "password": "password"}
        for forged in ("X_Forwarded_For", "X-Forwarded_For", "X-Forwarded-For", "x_forwarded-for"):
            headers = {forged: "203.0.113.7"}
            status, pair = ask(port, "POST", "/login", account, headers)
            assert status == 200
            bearer = {"Authorization": f"Bearer {pair['access_token']}"}
            sessions = ask(port, "GET", "/sessions", headers=bearer | headers)[1]["sessions"]
            assert {one["address"] for one in sessions} == {"127.0.0.1"}, forged
        assert request_id(port, "mine") not in ("mine", None)
        prefixed = {"X-Forwarded-Prefix": "/evil"}
        assert ask(port, "GET", "/openapi.json", headers=prefixed)[1]["servers"] == [{"url": "/"}]
        assert ask(port, "GET", "/metrics")[0] == 403
    assert "203.0.113.7" not in node.output


@contextmanager
def proxy(haproxy: str, folder: Path, node: int) -> Iterator[int]:
    """Yield the port of a proxy in front of a node; the proxy is stopped afterwards."""
    port, configuration = free_port(), folder / "watchword.cfg"
    text = CONFIGURATION.replace("bind :8080", f"bind 127.0.0.1:{port}")
    for name in ("node-a", "node-b"):
        text = text.replace(f"{name}:5000", f"127.0.0.1:{node}")
    configuration.write_text(text, encoding="utf-8")
    process = subprocess.Popen(
        [haproxy, "-f", str(configuration)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: is_there(port))
        yield port
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)
