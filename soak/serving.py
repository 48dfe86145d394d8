"""The whole service, run as in production, and HTTP clients of it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

#: The user of the service's demo.
USER = {"email": "test@example.com", "password": "password"}

#: Seconds allowed for startup and for shutdown.
_PATIENCE = 60.0


class Client:
    """One persistent connection to the service.

    Args:
        port: its port on this machine.
    """

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)

    def ask(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Return the status and the JSON of the response."""
        answer, summary = self.fetch(method, path, token, body)
        return answer.status, summary

    def fetch(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: Mapping[str, str] | None = None,
    ) -> tuple[http.client.HTTPResponse, Any]:
        """Return the response with its headers, and its JSON."""
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body)
        self._connection.request(method, path, data, headers)
        answer = self._connection.getresponse()
        return answer, json.loads(answer.read() or b"null")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@contextmanager
def serving(environment: Mapping[str, str], workers: int) -> Iterator[int]:
    """Yield the port of a service in demo mode, which is stopped afterwards."""
    with running(environment, workers) as service:
        yield service.port


@dataclass(frozen=True)
class Service:
    """A running service.

    Attributes:
        port: its port on this machine.
        log: its log file.
    """

    port: int
    log: Path
    _process: "subprocess.Popen[bytes]"

    def kill(self) -> None:
        """Kill all its processes."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextmanager
def running(environment: Mapping[str, str], workers: int) -> Iterator[Service]:
    """Yield a service in demo mode, which is stopped afterwards."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output, _process(environment, workers, output) as (process, port):
            yield Service(port, log, process)


@contextmanager
def _process(
    environment: Mapping[str, str], workers: int, output: IO[bytes]
) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    port = _free_port()
    command = [sys.executable, "-m", "flask_watchword.cli", "serve", "--demo"]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--workers", str(workers)],
        env=os.environ | environment,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    try:
        _wait_until_it_listens(process, port)
        yield process, port
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_until_it_listens(process: "subprocess.Popen[bytes]", port: int) -> None:
    give_up = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < give_up:
        client = Client(port)
        try:
            if client.ask("GET", "/readyz")[0] == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            client.close()
    raise RuntimeError("the service does not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
