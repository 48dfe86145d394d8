"""Rows: the service as run by `watchword serve`: logins, routes during logins, startup."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from argon2 import PasswordHasher

from bench.contest import FLOOR, Paces, Question
from bench.hash_server import HASH_VARIABLE
from bench.results import RATE, Measure, Row, Target, compare
from bench.serve import Served

_SERVICE = "The service, from SQLite, with as many workers as cores"

PASSWORD = "correct horse battery staple"
_USERS = 16
_CORES = len(os.sched_getaffinity(0))
#: Concurrent logins: enough that no core is idle.
_CLIENTS = 4 * _CORES
_LOGINS = 25 * _CORES

#: The hash alone, as computed by the service and by most other Python software: with the same
#: parameters, and as many concurrently as there are cores.
_LIBSODIUM, _ARGON2_CFFI = "argon2id by libsodium alone", "argon2id by argon2-cffi alone"
_PROBES = 200
_ROUNDS = {True: 3, False: 9}
_PATIENCE = 30.0


def questions(paces: Paces) -> Iterator[Question]:
    """Return the rows, for a process that can import PyNaCl."""
    rounds = _ROUNDS[paces.grown < 1_000_000]
    for alone in (_LIBSODIUM, _ARGON2_CFFI):
        yield Question(_over(alone), "login", partial(_logins, alone, rounds))
    yield Question(f"{_SERVICE}: beside logins", "p99 of `GET /me`", lambda: _protected(rounds))
    yield Question(f"{_SERVICE}: its start", "first answer", lambda: _start(2 * rounds + 1))


def _over(alone: str) -> str:
    return f"{_SERVICE}: logins, over {alone}"


def _logins(alone: str, rounds: int) -> Row:
    samples: dict[str, list[float]] = {alone: [], "logins": [], FLOOR: []}
    with (
        _served() as service,
        _served_by_hand() as floor,
        ThreadPoolExecutor(_CORES) as cores,
        ThreadPoolExecutor(_CLIENTS) as clients,
    ):
        verify = _verifying(alone)
        measured: dict[str, Callable[[], object]] = {
            alone: lambda: list(cores.map(lambda _: verify(), range(_LOGINS))),
            "logins": lambda: list(clients.map(service.log_in, range(_LOGINS))),
            FLOOR: lambda: list(clients.map(floor.log_in, range(_LOGINS))),
        }
        for turn in range(rounds + 1):
            for name in sorted(measured, reverse=bool(turn % 2)):
                began = time.perf_counter()
                measured[name]()
                if turn:
                    samples[name].append(_LOGINS / (time.perf_counter() - began))
    return compare(
        samples,
        section=_over(alone),
        label="login",
        base=alone,
        judged="logins",
        target=Target(0.95, at_least=True),
        unit=RATE,
    )


def _verifying(alone: str) -> Callable[[], bool]:
    """Return a function that verifies a correct password once, with one of the two libraries."""
    # Imported here: they import PyNaCl, which is hidden from the process that lists the rows.
    from flask_watchword.accounts.passwords import OWASP_PROFILE, Passwords

    passwords, known = Passwords(), known_hash()
    if alone == _LIBSODIUM:
        return lambda: passwords.verify(known, PASSWORD)
    costs = OWASP_PROFILE
    hasher = PasswordHasher(costs.time_cost, costs.memory_kib, costs.parallelism)
    return lambda: hasher.verify(known, PASSWORD)


def known_hash() -> str:
    """Return the hash of the password, with the parameters of the service."""
    from flask_watchword.accounts.passwords import Passwords

    return Passwords().hash(PASSWORD)


def _protected(rounds: int) -> Row:
    samples: dict[str, list[float]] = {"in a quiet service": [], "beside logins": []}
    with _served() as service:
        token = service.log_in(0)
        for _ in range(rounds):
            samples["in a quiet service"].append(service.p99(token))
            with service.saturated():
                samples["beside logins"].append(service.p99(token))
    return compare(
        samples,
        section=f"{_SERVICE}: beside logins",
        label="p99 of `GET /me`",
        base="in a quiet service",
        judged="beside logins",
        target=Target(100.0, Measure.COST),
        unit="ms",
    )


def _start(rounds: int) -> Row:
    samples: dict[str, list[float]] = {
        "Python alone": [],
        "a new database": [],
        "an existing database": [],
    }
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        samples["Python alone"].append(1000 * (time.perf_counter() - began))
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            for name in ("a new database", "an existing database"):
                began = time.perf_counter()
                with running(Path(folder), _SETTINGS):
                    samples[name].append(1000 * (time.perf_counter() - began))
    return compare(
        samples,
        section=f"{_SERVICE}: its start",
        label="first answer",
        base="Python alone",
        judged="an existing database",
        target=Target(500.0, Measure.COST),
        unit="ms",
    )


@dataclass
class _Service:
    """A running service with accounts."""

    port: int
    numbers: "count[int]"

    def log_in(self, number: int) -> str:
        """Log in as one of the users, from a new address; return the access token."""
        place = next(self.numbers)
        body = {"email": f"user{number % _USERS}@example.com", "password": PASSWORD}
        # Each address is used once; otherwise rate limits would apply.
        address = f"10.{place >> 16 & 255}.{place >> 8 & 255}.{place & 255}"
        headers = {"Content-Type": "application/json", "X-Forwarded-For": address}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        connection.request("POST", "/login", json.dumps(body), headers)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        if response.status != 200:
            raise RuntimeError(f"a login was answered {response.status}: {answer!r}")
        token: str = json.loads(answer)["access_token"]
        return token

    def p99(self, token: str) -> float:
        """Send requests to a protected route over one connection; return the p99 in ms."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        taken = sorted(_milliseconds(connection, token) for _ in range(_PROBES))
        connection.close()
        return taken[len(taken) * 99 // 100]

    @contextmanager
    def saturated(self) -> Iterator[None]:
        """Keep every core busy with logins during the block."""
        ended = threading.Event()

        def log_in(number: int) -> None:
            while not ended.is_set():
                self.log_in(number)

        with ThreadPoolExecutor(_CLIENTS) as clients:
            under_way = [clients.submit(log_in, number) for number in range(_CLIENTS)]
            time.sleep(0.5)
            try:
                yield
            finally:
                ended.set()
            for one in under_way:
                one.result()


def _milliseconds(connection: http.client.HTTPConnection, token: str) -> float:
    began = time.perf_counter()
    connection.request("GET", "/me", headers={"Authorization": f"Bearer {token}"})
    response = connection.getresponse()
    response.read()
    if response.status != 200:
        raise RuntimeError(f"a protected route was answered {response.status}")
    return 1000 * (time.perf_counter() - began)


@contextmanager
def _served() -> Iterator[_Service]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        known = known_hash()
        users = ({"email": f"user{n}@example.com", "password_hash": known} for n in range(_USERS))
        (folder / "users.jsonl").write_text("\n".join(map(json.dumps, users)))
        for arguments in (("db", "upgrade"), ("import", "users.jsonl")):
            # Not shell input: this interpreter and our own command.
            subprocess.run(  # noqa: S603
                [*_COMMAND, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL
            )
        with running(folder, _SETTINGS) as served:
            yield _Service(served.port, count())


@contextmanager
def _served_by_hand() -> Iterator[_Service]:
    command = (sys.executable, "-m", "bench.hash_server")
    with running(Path(), {HASH_VARIABLE: known_hash()}, command) as served:
        yield _Service(served.port, count())


_COMMAND = (sys.executable, "-m", "flask_watchword.cli")
_SERVE = (*_COMMAND, "serve", "--port")
_SETTINGS = {
    "WATCHWORD_TRUSTED_PROXIES": "1",
    "WATCHWORD_LOG_LEVEL": "warning",
    # A few users log in hundreds of times, and the first session is used until the end.
    "WATCHWORD_SESSIONS_PER_USER": "0",
    # A few users log in as often as the machine can.
    "WATCHWORD_LIMIT_SUCCESSFUL_LOGIN_PER_ACCOUNT": "100000/minute",
}


@contextmanager
def running(
    folder: Path,
    settings: Mapping[str, str],
    command: tuple[str, ...] = _SERVE,
    log: Path | None = None,
) -> Iterator[Served]:
    """Yield a service that has responded once.

    Args:
        folder: its working directory.
        settings: its settings.
        command: its command, without the port.
        log: the file of its log; standard error without one.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    server = subprocess.Popen(  # noqa: S603 - this interpreter and our own command
        [*command, str(port)],
        cwd=folder,
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=None if log is None else log.open("wb"),
    )
    try:
        _wait(port, server)
        yield Served(port, server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(_PATIENCE)


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    give_up_at = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up_at and server.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            connection.close()
        except OSError:
            time.sleep(0.005)
        else:
            return
    raise RuntimeError("the service does not answer")
