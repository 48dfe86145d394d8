"""Rows: requests to the service as `watchword serve` starts it by default, and to its rivals."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from bench.client import PATH
from bench.contest import FLOOR, Paces, Question
from bench.extension import FJE, WATCHWORD
from bench.load import Load, Order, loading
from bench.places import PLACES, Databases
from bench.results import RATE, Measure, Row, Target, compare
from bench.serve import Served, serving
from bench.service import PASSWORD, known_hash, running
from bench.session_apps import SERVICE_FLOOR
from bench.timing import Pace, Samples
from flask_watchword.keys.master_key import new_master_key

_RATES = "Requests a second to the service, two workers, 16 connections, over "
_P99 = "Slowest of 100 responses of the service, in the same run"
_MEMORY = "Memory of the two workers of the service after the run (PSS)"

_WORKERS = 2
_CONNECTIONS = 16


class _Path(NamedTuple):
    """What is requested: the method, and the path for each contestant."""

    method: str
    ours: str
    theirs: str
    token: str


_TRIVIAL = _Path("GET", "/healthz", "", "")
_ME = _Path("GET", "/me", PATH, "access_token")
_REFRESH = _Path("POST", "/refresh", "/refresh", "refresh_token")


def questions(paces: Paces) -> Iterator[Question]:
    """Return the rows, for a process that can import PyNaCl."""
    for place in PLACES:
        run = _once(place, paces.served)
        if place == "SQLite":
            yield _rate("a route that does nothing", run, _TRIVIAL, FLOOR, 0.80)
            yield _rate("`GET /me`", run, _ME, FLOOR, 0.75)
            yield _rate("`GET /me`", run, _ME, FJE, 4.0)
        yield _rate(f"`POST /refresh`, {place}", run, _REFRESH, FLOOR, 0.75)
        yield _rate(f"`POST /refresh`, {place}", run, _REFRESH, FJE, 3.0)
        if place == "SQLite":
            yield _p99("`GET /me`", run, _ME, 8.0)
        yield _p99(f"`POST /refresh`, {place}", run, _REFRESH, 15.0)
        if place == "SQLite":
            yield Question(_MEMORY, "after the run", partial(_memory, run))


class _Measured(NamedTuple):
    """The results of one run, each by contestant and round."""

    rates: dict[_Path, Samples]
    p99: dict[_Path, Samples]
    memory: Samples


_Run = Callable[[], _Measured]


def _rate(label: str, run: _Run, path: _Path, base: str, least: float) -> Question:
    section = _RATES + base

    def answer() -> Row:
        return compare(
            run().rates[path],
            section=section,
            label=label,
            base=base,
            judged=WATCHWORD,
            target=Target(least, at_least=True),
            unit=RATE,
        )

    return Question(section, label, answer)


def _p99(label: str, run: _Run, path: _Path, most: float) -> Question:
    def answer() -> Row:
        return compare(
            run().p99[path],
            section=_P99,
            label=label,
            base=FLOOR,
            judged=WATCHWORD,
            target=Target(most, Measure.COST),
            unit="ms",
        )

    return Question(_P99, label, answer)


def _memory(run: _Run) -> Row:
    return compare(
        run().memory,
        section=_MEMORY,
        label="after the run",
        base=FLOOR,
        judged=WATCHWORD,
        target=Target(125.0, Measure.COST),
        unit="MiB",
    )


class _Contestant:
    """A server with a session for each connection."""

    def __init__(self, name: str, served: Served, load: Load) -> None:
        self.name = name
        self.served = served
        self._load = load
        self._sessions = [self._log_in(number) for number in range(_CONNECTIONS)]

    def measure(self, path: _Path, pace: Pace) -> tuple[float, float]:
        """Send a round of requests; return the responses per second and the p99 in ms."""
        where = path.theirs if self.name == FJE else path.ours
        tokens = [one.get(path.token, "") for one in self._sessions]
        report = self._load.send(
            Order(
                self.served.port,
                path.method,
                where,
                tokens,
                max(pace.lead, _CONNECTIONS),
                pace.batch,
                path is _REFRESH,
            )
        )
        if path is _REFRESH:
            for session, token in zip(self._sessions, report.tokens, strict=True):
                session["refresh_token"] = token
        return pace.batch / report.seconds, report.p99

    def _log_in(self, number: int) -> dict[str, Any]:
        body = {"email": f"user{number}@example.com", "password": PASSWORD}
        connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=30)
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/login", json.dumps(body), headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        if response.status != 200:
            raise RuntimeError(f"{self.name} answered {response.status} to a login: {content!r}")
        found: dict[str, Any] = json.loads(content)
        return found


def _once(place: str, pace: Pace) -> _Run:
    @cache
    def run() -> _Measured:
        with ExitStack() as stack:
            databases = stack.enter_context(PLACES[place]())
            load = stack.enter_context(loading())
            servers = {
                FJE: serving(FJE, databases("theirs"), _WORKERS),
                WATCHWORD: _service(databases),
                FLOOR: serving(SERVICE_FLOOR, databases("by_hand"), _WORKERS),
            }
            contestants = [
                _Contestant(name, stack.enter_context(server), load)
                for name, server in servers.items()
            ]
            return _measure(contestants, pace)

    return run


@contextmanager
def _service(databases: Databases) -> Iterator[Served]:
    """Yield a service with the default settings, which logs into a file."""
    settings = {
        "WATCHWORD_DATABASE": databases("ours"),
        "WATCHWORD_MASTER_KEY": new_master_key(),
    }
    with (
        tempfile.TemporaryDirectory() as name,
        running(
            _with_users(Path(name), settings),
            settings,
            log=Path(name, "access.log"),
        ) as served,
    ):
        yield served


def _with_users(folder: Path, settings: Mapping[str, str]) -> Path:
    known = known_hash()
    users = (
        {"email": f"user{number}@example.com", "password_hash": known}
        for number in range(_CONNECTIONS)
    )
    (folder / "users.jsonl").write_text("\n".join(map(json.dumps, users)), "utf-8")
    for arguments in (("db", "upgrade"), ("import", "users.jsonl")):
        # Not shell input: this interpreter and our own command.
        subprocess.run(  # noqa: S603
            [sys.executable, "-m", "flask_watchword.cli", *arguments],
            cwd=folder,
            env={**os.environ, **settings},
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return folder


def _measure(contestants: list[_Contestant], pace: Pace) -> _Measured:
    measured = _Measured({}, {}, {one.name: [] for one in contestants})
    for path in (_TRIVIAL, _ME, _REFRESH):
        taking_part = [one for one in contestants if path.theirs or one.name != FJE]
        rates = measured.rates[path] = {one.name: [] for one in taking_part}
        p99 = measured.p99[path] = {one.name: [] for one in taking_part}
        for number in range(pace.all_rounds):
            first = number % len(taking_part)
            for one in (*taking_part[first:], *taking_part[:first]):
                rate, slow = one.measure(path, pace)
                if number >= pace.warm_up:
                    rates[one.name].append(rate)
                    p99[one.name].append(slow)
    for one in contestants:
        # Twice, because quartiles need two values.
        measured.memory[one.name] += [one.served.workers_pss()] * 2
    return measured
