"""Serve the application of one contestant: `python -m bench.serve NAME DATABASE PORT`."""

import ctypes
import http.client
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

_SECONDS_TO_START = 30
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class Served(NamedTuple):
    """A running server: its loopback port, and its main process."""

    port: int
    pid: int

    def workers_pss(self) -> float:
        """Return the memory of its worker processes in MiB, shared pages divided among them."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        rollups = (Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in children)
        return (
            sum(int(re.findall(r"^Pss: +(\d+) kB", text, re.MULTILINE)[0]) for text in rollups)
            / 1024
        )


@contextmanager
def serving(name: str, database: str, workers: int = 1) -> Iterator[Served]:
    """Yield a server of a contestant's application.

    Args:
        name: the contestant.
        database: the URL of its database.
        workers: number of worker processes, each with one thread.
    """
    port = _free_port()
    # Not shell input: this interpreter and a part of this benchmark.
    server = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "bench.serve", name, database, str(port), str(workers)],
        preexec_fn=_end_with_the_parent,
    )
    try:
        _wait_for(port, server)
        yield Served(port, server.pid)
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(10)


def _end_with_the_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    give_up_at = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < give_up_at and server.poll() is None:
        try:
            ask = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            ask.request("GET", "/")
            ask.getresponse().read()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the server of {server.args!r} does not answer")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _serve(name: str, database: str, port: str, workers: str) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    from bench.session_apps import create

    # Creates the tables, which workers that start at the same time would both try.
    create(name, database)
    # One thread, with which granian's rates are steady and highest.
    server = Granian(
        name,
        address="127.0.0.1",
        port=int(port),
        interface=Interfaces.WSGI,
        workers=int(workers),
        blocking_threads=1,
        log_level=LogLevels.error,
    )
    server.serve(target_loader=partial(create, name, database), wrap_loader=False)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
