"""Sessions of a served application: several workers, each with its own connections."""

import http.client
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from flask_watchword.infra.factory import open_session_store
from flask_watchword.service.features.demo.demo_user import DEMO_EMAIL, DEMO_PASSWORD
from tests.cli.conftest import STOP_SECONDS, RunningServer, Serve
from tests.servers.valkey import running_valkey, wait_until

pytestmark = pytest.mark.server

#: Connections that stay open; the kernel distributes them so that each worker has some.
CONNECTIONS = 40

ENDED = {(401, "session_ended")}
OPEN = {(200, None)}


class Clients:
    """Connections to a running server, used in turn or all at once."""

    def __init__(self, port: int, stack: ExitStack) -> None:
        self._connections = [
            http.client.HTTPConnection("127.0.0.1", port, timeout=10) for _ in range(CONNECTIONS)
        ]
        for connection in self._connections:
            stack.callback(connection.close)

    def ask(self, method: str, path: str, token: str = "", **body: str) -> tuple[int, Any]:
        """Send a request over the least recently used connection."""
        connection = self._connections.pop(0)
        self._connections.append(connection)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if body:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        text = response.read()
        if response.status == 503:
            assert response.headers["Retry-After"]
        return response.status, json.loads(text) if text else {}

    def ask_all_workers(self, token: str) -> set[tuple[int, str | None]]:
        """Return every status and code that a token gets over all connections in turn."""
        answers = [self.ask("GET", "/me", token) for _ in range(CONNECTIONS)]
        return {(status, body.get("code")) for status, body in answers}

    def log_in(self) -> dict[str, Any]:
        status, pair = self.ask("POST", "/login", email=DEMO_EMAIL, password=DEMO_PASSWORD)
        assert status == 200
        return dict(pair)


@contextmanager
def served(server: RunningServer) -> Iterator[Clients]:
    server.wait_until_it_listens()
    with ExitStack() as stack:
        yield Clients(server.port, stack)
    assert server.stop() == 0
    assert server.group_is_gone()
    assert "Traceback" not in server.output


def begin_long_ago(url: str) -> None:
    """Create a store older than any token, so that only its log decides what is revoked."""
    sessions = open_session_store(url)
    sessions.revocations(0, 1.0)
    sessions.close()


@pytest.fixture
def on_sqlite(tmp_path: Path) -> list[str]:
    database = f"sqlite:///{tmp_path}/sessions.db"
    begin_long_ago(database)
    return ["--database", database]


@pytest.fixture
def on_postgres(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    begin_long_ago(postgres_url)
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", "A" * 43)
    return ["--database", postgres_url]


@pytest.fixture
def on_valkey() -> Iterator[list[str]]:
    with running_valkey() as valkey:
        begin_long_ago(valkey.url)
        yield ["--valkey", valkey.url]


@pytest.fixture(params=["on_sqlite", "on_postgres", "on_valkey"])
def place(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def clients(place: str, request: pytest.FixtureRequest, serve: Serve) -> Iterator[Clients]:
    options = request.getfixturevalue(place)
    with served(serve("--demo", "--workers", "2", *options)) as clients:
        yield clients


def test_logout_applies_to_every_worker(place: str, clients: Clients) -> None:
    tokens = clients.log_in()
    other = clients.log_in()
    # Every worker loads its copy of the revocations before the logout.
    assert clients.ask_all_workers(tokens["access_token"]) == OPEN
    assert clients.ask("POST", "/logout", tokens["refresh_token"]) == (204, {})
    if place != "on_sqlite":  # the workers of one machine see it at the next request
        wait_until(lambda: clients.ask_all_workers(tokens["access_token"]) == ENDED)
    assert clients.ask_all_workers(tokens["access_token"]) == ENDED
    assert clients.ask_all_workers(other["access_token"]) == OPEN


def test_token_reuse_is_detected_by_any_worker(clients: Clients) -> None:
    first = clients.log_in()
    second = clients.ask("POST", "/refresh", first["refresh_token"])[1]
    third = clients.ask("POST", "/refresh", second["refresh_token"])[1]
    assert clients.ask("GET", "/me", third["access_token"])[0] == 200
    status, body = clients.ask("POST", "/refresh", first["refresh_token"])
    assert (status, body["code"]) == (401, "refresh_reused")
    wait_until(lambda: clients.ask_all_workers(third["access_token"]) == ENDED)
    status, body = clients.ask("POST", "/refresh", third["refresh_token"])
    assert (status, body["code"]) == (401, "refresh_reused")


def test_devices_are_listed_and_ended_by_any_worker(clients: Clients) -> None:
    here, lost = clients.log_in()["access_token"], clients.log_in()["access_token"]
    sessions = clients.ask("GET", "/sessions", here)[1]["sessions"]
    assert sorted(session["current"] for session in sessions) == [False, True]
    assert {session["address"] for session in sessions} == {"127.0.0.1"}
    (lost_id,) = [session["id"] for session in sessions if not session["current"]]
    assert clients.ask("DELETE", f"/sessions/{lost_id}", here)[0] == 204
    wait_until(lambda: clients.ask_all_workers(lost) == ENDED)
    assert clients.ask_all_workers(here) == OPEN
    assert clients.ask("DELETE", "/sessions/%00", here)[0] == 404


def test_valkey_outage_rejects_requests_until_it_is_back(serve: Serve) -> None:
    with (
        running_valkey(appendonly="yes", appendfsync="always") as valkey,
        served(serve("--demo", "--workers", "2", "--valkey", valkey.url)) as clients,
    ):
        tokens = clients.log_in()
        valkey.stop()
        for method, path in (("GET", "/sessions"), ("POST", "/logout"), ("GET", "/readyz")):
            status, body = clients.ask(method, path, tokens["access_token"])
            assert (status, body["code"]) == (503, "store_unavailable")
        assert clients.ask("POST", "/refresh", tokens["refresh_token"])[0] == 503
        assert clients.ask("GET", "/healthz")[0] == 200
        valkey.start()
        wait_until(lambda: clients.ask_all_workers(tokens["access_token"]) == OPEN)
        assert clients.ask("POST", "/refresh", tokens["refresh_token"])[0] == 200


def test_startup_message_names_the_stores_without_passwords(
    serve: Serve, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", "A" * 43)
    with running_valkey() as valkey:
        at = valkey.url.partition("://")[2]
        database = postgres_url.replace("//postgres@", "//postgres:hidden@")
        options = ["--database", database, "--valkey", f"valkey://default:hidden@{at}"]
        valkey.client().config_set("requirepass", "hidden")
        server = serve("--workers", "1", *options)
        with served(server) as clients:
            assert clients.ask("GET", "/readyz")[0] == 200
    assert "accounts in watchword_" in server.output
    assert "on 127.0.0.1, sessions in Valkey on 127.0.0.1)" in server.output
    assert "hidden" not in server.output


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            ["--database", "postgresql+psycopg://ada:hidden@127.0.0.1:1/accounts"],
            "Error: a store does not respond: ",
        ),
        (
            ["--database", "postgresql+psycopg://ada:hidden@db:port/accounts"],
            "Error: WATCHWORD_DATABASE: is not a URL like ",
        ),
        (["--valkey", "valkey://:hidden@127.0.0.1:1/0"], "Error: a store does not respond: "),
        (["--valkey", "memcached://:hidden@db"], "Error: WATCHWORD_VALKEY: is not a URL like "),
    ],
)
def test_unusable_store_is_one_line_without_its_password(
    serve: Serve, options: list[str], line: str
) -> None:
    server = serve(*options)
    status = 69 if "does not respond" in line else 1
    assert server.process.wait(STOP_SECONDS) == status
    assert server.output.startswith(line)
    assert server.output.count("\n") == 1
    assert "hidden" not in server.output


def test_server_for_several_machines_requires_a_shared_secret(
    serve: Serve, postgres_url: str
) -> None:
    server = serve("--database", postgres_url)
    assert server.process.wait(STOP_SECONDS) == 1
    assert server.output.startswith("Error: WATCHWORD_MASTER_KEY: is required with PostgreSQL")
    assert server.output.count("\n") == 1
