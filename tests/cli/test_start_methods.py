"""Workers are forked or spawned, depending on the platform and the Python version."""

import os
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import RunningServer, Serve, workers_of
from tests.servers.valkey import wait_until

pytestmark = pytest.mark.server


def serving(server: RunningServer) -> set[str]:
    """Return the ids of the workers, without the additional process that spawning starts."""
    programs = {worker: program(worker) for worker in workers_of(server)}
    return {worker for worker, its in programs.items() if its and "resource_tracker" not in its}


def program(process: str) -> str:
    """Return the command line of a process; nothing if it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


@pytest.mark.parametrize(("start_method", "forked"), [("spawn", False), ("forkserver", True)])
def test_service_serves_reloads_and_stops(
    serve: Serve, tmp_path: Path, start_method: str, forked: bool
) -> None:
    # Python imports this module before all others.
    module = f"import multiprocessing\nmultiprocessing.set_start_method({start_method!r})\n"
    (tmp_path / "sitecustomize.py").write_text(module)
    server = serve("--workers", "2", PYTHONPATH=str(tmp_path))
    server.wait_until_it_listens()
    assert {server.get("/readyz")[0] for _ in range(20)} == {200}
    before = serving(server)
    mine = program(str(server.process.pid))
    assert {program(worker) == mine for worker in before} == {forked}

    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(serving(server)) == 2 and not serving(server) & before, 60)
    assert {server.get("/readyz")[0] for _ in range(20)} == {200}
    os.killpg(server.process.pid, signal.SIGINT)
    assert server.process.wait(30) == 0
    wait_until(server.group_is_gone)
    assert "Traceback" not in server.output
