"""Two nodes: the service twice, on different ports, over one PostgreSQL and one Valkey server."""

import http.client
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import URL

from tests.cli.conftest import WATCHWORD, RunningServer, starting
from tests.servers.postgres import new_database
from tests.servers.valkey import ValkeyServer, free_port, running_valkey

MASTER_KEY = "A" * 43
PASSWORD = "correct horse battery staple"

#: The settings of a node, by their environment variable.
Settings = dict[str, str]

#: Enough requests to reach every worker of a node, each over its own connection: the kernel
#: distributes them. The server would close an idle connection on a slow machine.
_REQUESTS = 24


class Node:
    """One node, as a client uses it."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server

    def ask(self, method: str, path: str, token: str = "", /, **body: Any) -> tuple[int, Any]:
        """Return the status and the body of a response."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if body:
            headers["Content-Type"] = "application/json"
        with closing(
            http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        ) as connection:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            response = connection.getresponse()
            text = response.read()
        if response.headers.get_content_subtype().endswith("json"):
            return response.status, json.loads(text)
        return response.status, text.decode()

    def answers(self, token: str) -> set[tuple[int, str | None]]:
        """Return every status and code that a token gets from all workers."""
        asked = [self.ask("GET", "/me", token) for _ in range(_REQUESTS)]
        return {(status, body.get("code")) for status, body in asked}

    def refused_from(self, token: str, give_up: float) -> float:
        """Send requests until all workers reject a token.

        Return the start time of the first rejected one.
        """
        first, in_a_row = 0.0, 0
        while in_a_row < _REQUESTS:
            began = time.monotonic()
            assert began < give_up, "it is still let in"
            if self.ask("GET", "/me", token)[0] == 200:
                in_a_row = 0
                continue
            if in_a_row == 0:
                first = began
            in_a_row += 1
        return first

    def log_in(self, email: str, password: str = PASSWORD) -> dict[str, Any]:
        """Return an access token and a refresh token."""
        status, pair = self.ask("POST", "/login", email=email, password=password)
        assert status == 200, pair
        return dict(pair)


@dataclass
class Nodes:
    """Two nodes and their common settings."""

    a: Node
    b: Node
    folder: Path
    settings: Settings

    def add_user(self, *options: str) -> str:
        """Add a user from the command line and return their address."""
        email = f"{uuid4().hex}@example.com"
        self.watchword("user", "add", email, *options, "--password-stdin")
        return email

    def watchword(self, *arguments: str) -> None:
        """Run a ``watchword`` command with a password on standard input."""
        subprocess.run(
            [*WATCHWORD, *arguments],
            cwd=self.folder,
            env=os.environ | self.settings,
            input=f"{PASSWORD}\n",
            text=True,
            check=True,
            timeout=60,
            capture_output=True,
        )


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyServer]:
    """A Valkey server, which several tests flush in turn."""
    with running_valkey(appendonly="yes", appendfsync="always") as server:
        yield server


@contextmanager
def shared_stores(postgres: URL, valkey: ValkeyServer) -> Iterator[Settings]:
    """Yield the settings of every node: an empty database, an empty Valkey and one master key."""
    with valkey.client() as client:
        client.flushall()
    with new_database(postgres, f"watchword_{uuid4().hex}") as database:
        yield {
            "WATCHWORD_DATABASE": database.render_as_string(hide_password=False),
            "WATCHWORD_VALKEY": valkey.url,
            "WATCHWORD_MASTER_KEY": MASTER_KEY,
        }


@pytest.fixture
def settings(postgres_server: URL, valkey_server: ValkeyServer) -> Iterator[Settings]:
    """The settings of the nodes of one test."""
    with shared_stores(postgres_server, valkey_server) as settings:
        yield settings


@pytest.fixture(scope="package")
def nodes(postgres_server: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Two running nodes for all tests that do not stop them."""
    folder = tmp_path_factory.mktemp("nodes")
    with (
        running_valkey() as valkey,
        shared_stores(postgres_server, valkey) as settings,
        starting(folder, free_port()) as serve,
    ):
        first = serve("--workers", "2", **settings)
        second = serve("--workers", "2", port=free_port(), **settings)
        for server in (first, second):
            server.wait_until_it_listens()
        yield Nodes(Node(first), Node(second), folder, settings)
        for server in (first, second):
            assert server.stop() == 0
            assert "Traceback" not in server.output
