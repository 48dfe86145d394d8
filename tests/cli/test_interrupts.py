"""Ctrl+C: one word, no trace, and the status that shells expect."""

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
    # As a prompt of click's does it.
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        raise click.Abort from None


def declined() -> None:
    raise click.Abort


@pytest.mark.parametrize(
    ("work", "status"), [(interrupted, 130), (interrupted_prompt, 130), (declined, 1)]
)
def test_what_is_interrupted_ends_with_130_and_what_is_declined_with_1(
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
def test_a_signal_ends_a_service_that_still_starts(
    serve: Serve, tmp_path: Path, number: signal.Signals, status: int, output: str
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as database:
        database.settimeout(30)
        port = database.getsockname()[1]
        # Long enough for a busy machine to send the signal while the start waits.
        url = f"postgresql://somebody@127.0.0.1:{port}/database?connect_timeout=60"
        server = serve("--database", url, TMPDIR=str(folder))
        connection, _ = database.accept()
        with connection:  # on which nobody ever answers
            assert server.stop(number) == status
    assert server.output.strip() == output
    assert list(folder.iterdir()) == []
