"""A node whose requests wait for the database: its connections, and its shutdown."""

import re
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from tests.cli.conftest import STOP_SECONDS, RunningServer, Serve
from tests.cli.nodes.conftest import Node, Nodes, Settings
from tests.docs.pages import DOCS, text_of
from tests.servers.valkey import wait_until

pytestmark = pytest.mark.server

#: More than a worker has threads.
CLIENTS = 40

_CONNECTIONS = text(
    "SELECT wait_event_type FROM pg_stat_activity"
    " WHERE application_name = 'watchword' AND datname = current_database()"
)


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """A separate connection to the nodes' database."""
    engine = create_engine(settings["WATCHWORD_DATABASE"], isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.mark.parametrize("sessions_in", ["PostgreSQL", "Valkey"])
def test_worker_opens_as_many_connections_as_documented(
    serve: Serve, settings: Settings, engine: Engine, tmp_path: Path, sessions_in: str
) -> None:
    if sessions_in == "PostgreSQL":
        del settings["WATCHWORD_VALKEY"]
    (promised,) = re.findall(
        rf"sessions in\s+{sessions_in}: (\d+) connections",
        text_of(DOCS / "service" / "several-machines.md"),
    )
    node, token = signed_in(serve("--workers", "1", **settings), settings, tmp_path)
    over = threading.Event()

    def keep_asking(_: int) -> None:
        while not over.is_set():
            node.ask("GET", "/me", token)

    with ThreadPoolExecutor(CLIENTS) as clients, engine.connect() as watching:
        asking = clients.map(keep_asking, range(CLIENTS))
        try:
            with users_locked(engine):
                wait_until(lambda: connections(watching) >= int(promised))
                most = max(connections(watching) for _ in range(100))
        finally:
            over.set()
        list(asking)
    assert most == int(promised)


def test_stopped_node_finishes_requests_in_progress(
    serve: Serve, settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    node, token = signed_in(serve("--workers", "2", **settings), settings, tmp_path)
    with ThreadPoolExecutor(1) as client, engine.connect() as watching:
        with users_locked(engine):
            asking = client.submit(node.ask, "GET", "/me", token)
            wait_until(lambda: waiting(watching) == 1)
            node.server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not node.server.listens())
        assert asking.result()[0] == 200
    assert node.server.process.wait(STOP_SECONDS) == 0
    assert node.server.group_is_gone()


def signed_in(server: RunningServer, settings: Settings, folder: Path) -> tuple[Node, str]:
    """Return a node and an access token that it has already accepted."""
    server.wait_until_it_listens()
    node = Node(server)
    token = node.log_in(Nodes(node, node, folder, settings).add_user())["access_token"]
    assert node.ask("GET", "/me", token)[0] == 200
    return node, token


@contextmanager
def users_locked(engine: Engine) -> Iterator[None]:
    """Lock the users table, so that every reader waits."""
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("LOCK TABLE watchword_users IN ACCESS EXCLUSIVE MODE")
        yield
        connection.exec_driver_sql("ROLLBACK")


def connections(watching: Connection) -> int:
    """Return how many connections the service has."""
    return len(watching.execute(_CONNECTIONS).all())


def waiting(watching: Connection) -> int:
    """Return how many of them wait for a lock."""
    return [row.wait_event_type for row in watching.execute(_CONNECTIONS)].count("Lock")
