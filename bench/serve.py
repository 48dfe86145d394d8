"""Serve the application of one contestant: `python -m bench.serve NAME DATABASE PORT`."""

import ctypes
import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

_SECONDS_TO_START = 30
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


@contextmanager
def serving(name: str, database: str) -> Iterator[int]:
    """Yield the loopback port of a server of a contestant's application."""
    port = _free_port()
    # Not shell input: this interpreter and a part of this benchmark.
    server = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "bench.serve", name, database, str(port)],
        preexec_fn=_end_with_the_parent,
    )
    try:
        _wait_for(port, server)
        yield port
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


def _serve(name: str, database: str, port: str) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    from bench.session_apps import create

    # One worker, so that the client and the database have the other core; one thread, with which
    # granian's rates are steady.
    server = Granian(
        name,
        address="127.0.0.1",
        port=int(port),
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=1,
        log_level=LogLevels.error,
    )
    server.serve(target_loader=partial(create, name, database), wrap_loader=False)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
