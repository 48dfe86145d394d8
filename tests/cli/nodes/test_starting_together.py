"""Nodes that start at the same moment or have conflicting settings or schemas."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from tests.cli.conftest import STOP_SECONDS, Serve
from tests.cli.nodes.conftest import PASSWORD, Node, Nodes, Settings
from tests.servers.valkey import free_port

pytestmark = pytest.mark.server

#: What a later version's migration may do, since nodes of this version may still be running.
LATER = [
    "ALTER TABLE watchword_users ADD COLUMN later VARCHAR NOT NULL DEFAULT ''",
    "ALTER TABLE watchword_codes ADD COLUMN later VARCHAR",
    "CREATE TABLE watchword_later (id INTEGER PRIMARY KEY)",
    "UPDATE watchword_alembic_version SET version_num = '9999'",
]


def test_concurrent_first_starts_share_one_keyring(serve: Serve, settings: Settings) -> None:
    servers = [serve("--workers", "1", port=free_port(), **settings) for _ in range(3)]
    for server in servers:
        server.wait_until_it_listens()
    sets = [server.get("/.well-known/jwks.json") for server in servers]
    assert sets[0][0] == 200
    assert sets[0][1].count(b'"kid"') == 1
    assert sets == [sets[0]] * len(servers)
    for server in servers:
        assert server.get("/readyz")[0] == 200
        assert server.stop() == 0
        assert "Traceback" not in server.output


def test_node_with_another_master_key_does_not_start(serve: Serve, settings: Settings) -> None:
    first = serve("--workers", "1", **settings)
    first.wait_until_it_listens()
    other = settings | {"WATCHWORD_MASTER_KEY": "B" * 42 + "A"}
    second = serve("--workers", "1", port=free_port(), **other)
    assert second.process.wait(STOP_SECONDS) == 1
    assert second.output.startswith(
        "Error: WATCHWORD_MASTER_KEY: does not decrypt the signing keys"
    )
    assert second.output.count("\n") == 1
    assert first.get("/readyz")[0] == 200


def test_running_node_survives_a_later_migration_and_new_nodes_do_not_start(
    serve: Serve, settings: Settings, tmp_path: Path
) -> None:
    old = serve("--workers", "1", **settings)
    old.wait_until_it_listens()
    node = Node(old)
    email = Nodes(node, node, tmp_path, settings).add_user()
    engine = create_engine(settings["WATCHWORD_DATABASE"])
    with engine.begin() as connection:
        for statement in LATER:
            connection.exec_driver_sql(statement)
    engine.dispose()
    pair = node.log_in(email)
    assert node.ask("POST", "/refresh", pair["refresh_token"])[0] == 200
    assert node.ask("POST", "/register", email="bob@example.com", password=PASSWORD)[0] == 201
    again = serve("--workers", "1", port=free_port(), **settings)
    assert again.process.wait(STOP_SECONDS) == 1
    assert again.output.startswith("Error: the database is at revision 9999, of a later version")
    assert again.output.count("\n") == 1
