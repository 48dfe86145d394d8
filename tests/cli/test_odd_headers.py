"""Header limits of the server, and duplicate headers."""

import http.client
import json
from collections.abc import Sequence

import pytest

from tests.cli.conftest import RunningServer, Serve

pytestmark = pytest.mark.server

Headers = Sequence[tuple[str, str]]


@pytest.fixture
def server(serve: Serve) -> RunningServer:
    running = serve("--demo", "--workers", "1", WATCHWORD_TRUSTED_PROXIES="1")
    running.wait_until_it_listens()
    return running


def ask(
    server: RunningServer, method: str, path: str, headers: Headers, body: object = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    text = b"" if body is None else json.dumps(body).encode()
    try:
        connection.putrequest(method, path)
        for name, value in [*headers, ("Content-Length", str(len(text)))]:
            connection.putheader(name, value)
        connection.endheaders(text)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_headers_and_queries_are_limited_and_duplicates_are_visible(
    server: RunningServer,
) -> None:
    """One test, since the server takes longer to start than all the requests."""
    many = [(f"X-{number}", "x") for number in range(101)]
    assert ask(server, "GET", "/healthz", many)[0] == 431
    assert ask(server, "GET", f"/healthz?{'x' * 70_000}", [])[0] == 431

    twice = [("Cookie", "__Host-access_token=a"), ("Cookie", "__Host-access_token=b")]
    status, body = ask(server, "GET", "/me", twice)
    assert (status, json.loads(body)["code"]) == (401, "invalid_token")
    assert "twice" in json.loads(body)["msg"]

    login = {"email": "test@example.com", "password": "password", "transport": "cookie"}
    kind, own = ("Content-Type", "application/json"), ("Origin", f"http://127.0.0.1:{server.port}")
    assert ask(server, "POST", "/login", [kind, own], login)[0] == 200
    for origins in ([own, ("Origin", "https://evil.example")], [own, own]):
        status, body = ask(server, "POST", "/login", [kind, *origins], login)
        assert (status, json.loads(body)["code"]) == (403, "cross_origin")

    # In any order of two spellings, and with any headers between them: granian's own environment
    # has the one that comes last in its header table.
    login = {"email": "test@example.com", "password": "password"}
    genuine = ("X-Forwarded-For", "192.0.2.1")
    aliases = [(name, "203.0.113.7") for name in ("X_Forwarded_For", "X-Forwarded_For")]
    for sent in ([genuine, *aliases, kind], [kind, *aliases, genuine], [*aliases, kind, genuine]):
        pair = json.loads(ask(server, "POST", "/login", sent, login)[1])
        token = ("Authorization", f"Bearer {pair['access_token']}")
        sessions = json.loads(ask(server, "GET", "/sessions", [token])[1])["sessions"]
        assert {one["address"] for one in sessions} == {"192.0.2.1", "127.0.0.1"}

    hidden = [("X-Forwarded-For", "\xff, 192.0.2.1")]
    assert ask(server, "GET", "/healthz", hidden)[0] == 400
