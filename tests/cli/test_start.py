"""Startup avoids work that delays the first response."""

import gc
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from flask_watchword.cli.main import main
from flask_watchword.cli.serving import server
from flask_watchword.cli.serving.supervisor import Supervisor
from tests.cli.conftest import START_SECONDS, Serve
from tests.servers.valkey import wait_until


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


def test_garbage_collection_is_enabled_only_when_the_workers_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    monkeypatch.chdir(tmp_path)
    enabled = []

    def listen(*_: object) -> list[socket.socket]:
        enabled.append(gc.isenabled())
        return []

    def run(_: Supervisor) -> None:
        enabled.append(gc.isenabled() and gc.get_freeze_count() > 0)

    monkeypatch.setattr(server, "listening_sockets", listen)
    monkeypatch.setattr(Supervisor, "run", run)
    done = CliRunner().invoke(main, ["serve", "--port", str(free_port)])
    assert done.exit_code == 0, done.output
    assert enabled == [False, True]


def test_listening_is_reported_when_connections_succeed(serve: Serve) -> None:
    server = serve("--workers", "1")
    wait_until(lambda: "Watchword listens" in server.output, START_SECONDS)
    assert server.listens()


def test_failed_start_restores_the_process_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(main, ["serve", "--database", "nonsense"]).exit_code == 1
    assert gc.isenabled()
