"""Two nodes behind the proxy configuration of deploy/, run with the installed nginx."""

import http.client
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import STOP_SECONDS, Serve
from tests.cli.nodes.conftest import PASSWORD, Settings
from tests.docs.pages import ROOT
from tests.servers.valkey import free_port, wait_until

pytestmark = pytest.mark.server

CONFIGURATION = (ROOT / "deploy" / "nginx" / "watchword.conf").read_text(encoding="utf-8")

AROUND = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/watchword.conf;
}}
"""


#: The prefix that the comments of the configuration mention.
BELOW_A_PREFIX = """
    location /auth/ {
        proxy_pass http://watchword/;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Prefix /auth;
    }
"""


@pytest.fixture
def nginx() -> str:
    """The nginx executable: installed, or provided by `make test` beside the packages."""
    for name in ("nginx", "/usr/sbin/nginx", f"{sys.prefix}/nginx/usr/sbin/nginx"):
        program = shutil.which(name)
        if program is not None:
            return program
    pytest.skip("there is no nginx here: apt-get install nginx")


def test_stopping_one_of_two_nodes_behind_the_proxy_fails_no_request(
    nginx: str, serve: Serve, settings: Settings, tmp_path: Path
) -> None:
    given = settings | {"WATCHWORD_TRUSTED_PROXIES": "1"}
    nodes = [serve("--workers", "1", port=free_port(), **given) for _ in range(2)]
    for node in nodes:
        node.wait_until_it_listens()
    with proxy(nginx, tmp_path, [node.port for node in nodes]) as port:
        account = {"email": "ada@example.com", "password": PASSWORD}
        assert ask(port, "POST", "/register", account)[0] == 201
        status, pair = ask(port, "POST", "/login", account)
        assert status == 200
        bearer = {"Authorization": f"Bearer {pair['access_token']}"}
        # A client's own value of the header is ignored.
        forged = bearer | {"X-Forwarded-For": "203.0.113.7"}
        (session,) = ask(port, "GET", "/sessions", headers=forged)[1]["sessions"]
        assert session["address"] == "127.0.0.1"
        # The description has the prefix removed by the proxy, and none set by a client.
        described = ask(port, "GET", "/auth/openapi.json")[1]
        assert described["servers"] == [{"url": "/auth"}]
        forged = {"X-Forwarded-Prefix": "/evil"}
        assert ask(port, "GET", "/openapi.json", headers=forged)[1]["servers"] == [{"url": "/"}]
        described = ask(port, "GET", "/auth/openapi.json", headers=forged)[1]
        assert described["servers"] == [{"url": "/auth"}]
        assert request_id(port, "mine") not in ("mine", None)
        assert ask(port, "GET", "/metrics")[0] == 404
        assert ask(port, "POST", "/login", {"email": "a" * 70_000})[0] == 413
        assert nodes[0].stop() == 0
        assert [ask(port, "GET", "/me", headers=bearer)[0] for _ in range(8)] == [200] * 8
        renewed = {"Authorization": f"Bearer {pair['refresh_token']}"}
        assert ask(port, "POST", "/refresh", headers=renewed)[0] == 200


def ask(
    port: int,
    method: str,
    path: str,
    body: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, Any]:
    """Return the status, and the body if it is JSON."""
    given = (headers or {}) | ({} if body is None else {"Content-Type": "application/json"})
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request(method, path, None if body is None else json.dumps(body), given)
        answer = connection.getresponse()
        text = answer.read()
    is_json = answer.headers.get_content_subtype() == "json"
    return answer.status, json.loads(text) if is_json else None


def request_id(port: int, own: str) -> str | None:
    """Return the request id of a request that a client sent with its own id."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", "/healthz", headers={"X-Request-ID": own})
        return connection.getresponse().getheader("X-Request-ID")


@contextmanager
def proxy(nginx: str, folder: Path, nodes: list[int]) -> Iterator[int]:
    """Yield the port of a proxy in front of nodes; the proxy is stopped afterwards."""
    port = free_port()
    text = CONFIGURATION.replace("listen 8080;", f"listen 127.0.0.1:{port};")
    for name, node in zip(("node-a", "node-b"), nodes, strict=True):
        text = text.replace(f"{name}:5000", f"127.0.0.1:{node}")
    text = text.replace("    location = /metrics {", f"{BELOW_A_PREFIX}    location = /metrics {{")
    (folder / "watchword.conf").write_text(text, encoding="utf-8")
    around = folder / "nginx.conf"
    around.write_text(AROUND.format(folder=folder), encoding="utf-8")
    command = [nginx, "-p", str(folder), "-c", str(around), "-e", str(folder / "error.log")]
    checked = subprocess.run(
        [*command, "-t"], capture_output=True, text=True, check=False, timeout=30
    )
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_there(port))
        yield port
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def is_there(port: int) -> bool:
    try:
        return ask(port, "GET", "/healthz")[0] == 200
    except OSError:
        return False
