import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

WATCHWORD = (sys.executable, "-m", "flask_watchword.cli")
START_SECONDS = 30.0
STOP_SECONDS = 20.0


def listens(port: int) -> bool:
    """Return whether a connection to a port of this machine succeeds."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@dataclass
class RunningServer:
    """A ``watchword serve`` in its own process group, with its output in a file."""

    process: subprocess.Popen[bytes]
    port: int
    output_file: Path

    @property
    def output(self) -> str:
        return self.output_file.read_text(encoding="utf-8")

    def wait_until_it_listens(self) -> None:
        """Return when a connection succeeds and the workers start.

        All startup output is then written.
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.listens() and workers_of(self):
                return
            # Waits on the process, so that one that dies at startup is noticed immediately.
            with pytest.raises(subprocess.TimeoutExpired):
                self.process.wait(0.05)
        pytest.fail(f"the server does not listen:\n{self.output}")

    def listens(self) -> bool:
        """Return whether a connection succeeds."""
        return listens(self.port)

    def get(self, path: str) -> tuple[int, bytes]:
        return self._ask("GET", path, None)

    def post(self, path: str, body: str) -> tuple[int, bytes]:
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: str | None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal to the main process and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def group_is_gone(self) -> bool:
        """Return whether neither the main process nor a worker is left."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False


def workers_of(server: RunningServer) -> set[str]:
    """Return the ids of its workers."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return set(children.read_text().split())


Serve = Callable[..., RunningServer]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("WATCHWORD_"):
            monkeypatch.delenv(name)


def unused_port() -> int:
    """Return a port of this machine on which no process listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@pytest.fixture
def free_port() -> int:
    return unused_port()


@pytest.fixture
def serve(tmp_path: Path, free_port: int) -> Iterator[Serve]:
    """Start servers in a temporary directory; they are killed at the end."""
    with starting(tmp_path, free_port) as start:
        yield start


@contextmanager
def starting(folder: Path, usual_port: int) -> Iterator[Serve]:
    """Yield a function that starts servers in a directory; they are killed at the end."""
    started: list[RunningServer] = []

    def start(
        *options: str,
        port: int = usual_port,
        command: tuple[str, ...] = WATCHWORD,
        **environment: str,
    ) -> RunningServer:
        output_file = folder / f"output-{len(started)}.txt"
        with output_file.open("wb") as output:
            process = subprocess.Popen(
                [*command, "serve", "--port", str(port), *options],
                cwd=folder,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started.append(RunningServer(process, port, output_file))
        return started[-1]

    try:
        yield start
    finally:
        for server in started:
            if not server.group_is_gone():
                os.killpg(server.process.pid, signal.SIGKILL)
            server.process.wait(STOP_SECONDS)
