"""Ctrl+C: one word, no traceback, and the conventional exit status."""

import signal
import socket
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from flask_watchword.cli.interrupts import InterruptibleGroup
from tests.cli.conftest import Serve


def interrupted() -> None:
    raise KeyboardInterrupt


def interrupted_prompt() -> None:
    # As click's prompt does.
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        raise click.Abort from None


def declined() -> None:
    raise click.Abort


@pytest.mark.parametrize(
    ("work", "status"), [(interrupted, 130), (interrupted_prompt, 130), (declined, 1)]
)
def test_interruption_exits_with_130_and_a_declined_prompt_with_1(
    work: Callable[[], None], status: int
) -> None:
    group = InterruptibleGroup(commands=[click.Command("work", callback=work)])
    done = CliRunner().invoke(group, ["work"])
    assert done.exit_code == status
    assert done.stderr.strip() == "Aborted!"


@pytest.mark.server
@pytest.mark.parametrize(
    ("number", "status", "output"), [(signal.SIGINT, 130, "Aborted!"), (signal.SIGTERM, 0, "")]
)
def test_signal_ends_a_service_during_startup(
    serve: Serve, tmp_path: Path, number: signal.Signals, status: int, output: str
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as database:
        database.settimeout(30)
        port = database.getsockname()[1]
        # Long enough for a busy machine to send the signal during the start.
        url = f"postgresql://somebody@127.0.0.1:{port}/database?connect_timeout=60"
        server = serve("--database", url, TMPDIR=str(folder))
        connection, _ = database.accept()
        with connection:  # which accepts connections and never responds
            assert server.stop(number) == status
    assert server.output.strip() == output
    assert list(folder.iterdir()) == []
