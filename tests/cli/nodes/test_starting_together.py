"""Nodes that start at the same moment, or with settings that do not go together."""

import pytest

from tests.cli.conftest import STOP_SECONDS, Serve
from tests.cli.nodes.conftest import Settings
from tests.servers.valkey import free_port

pytestmark = pytest.mark.server


def test_nodes_that_start_at_once_on_an_empty_database_share_one_keyring(
    serve: Serve, settings: Settings
) -> None:
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


def test_a_node_with_another_master_key_does_not_start(serve: Serve, settings: Settings) -> None:
    first = serve("--workers", "1", **settings)
    first.wait_until_it_listens()
    other = settings | {"WATCHWORD_MASTER_KEY": "B" * 42 + "A"}
    second = serve("--workers", "1", port=free_port(), **other)
    assert second.process.wait(STOP_SECONDS) == 1
    assert second.output.startswith("Error: WATCHWORD_MASTER_KEY: does not open the signing keys")
    assert second.output.count("\n") == 1
    assert first.get("/readyz")[0] == 200
