"""A WSGI server over one of the hosted applications, and a client's use of it."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_watchword.service.features.demo.demo_user import DEMO_EMAIL, DEMO_PASSWORD

ROOT = Path(__file__).parents[2]

#: Seconds for anything that happens immediately except on a very busy machine.
TIMEOUT = 30.0

SESSIONS = "tests.wsgi_servers.hosted_sessions:app"
WATCHWORD = "tests.wsgi_servers.hosted_watchword:app"

#: Concurrent requests; more logins of one account would exceed its limit.
AT_ONCE = 8
LOGINS_AT_ONCE = {SESSIONS: AT_ONCE, WATCHWORD: 1}


@dataclass
class Answer:
    """The response of a worker."""

    status: int
    worker: str
    body: Any


class HostedServer:
    """A server in its own process group."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self._log = log
        self._port = 0

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait_until_it_listens(self, says: "re.Pattern[str]") -> None:
        """Return when the log has the port, and a worker has responded on it."""
        until = time.monotonic() + TIMEOUT
        while (found := says.search(self.log)) is None:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < until, self.log
            time.sleep(0.02)
        self._port = int(found.group(1))
        self.ask("GET", "/nothing")

    def ask(self, method: str, path: str, token: str = "", body: Any = None) -> Answer:
        """Send a request over a new connection, which any worker may accept."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT)
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, json.dumps(body or {}), headers)
            response = connection.getresponse()
            text, worker = response.read(), response.getheader("Worker") or ""
        finally:
            connection.close()
        is_json = (response.getheader("Content-Type") or "").startswith("application/json")
        return Answer(response.status, worker, json.loads(text) if is_json and text else None)

    def stop(self) -> int:
        """Stop it as a service manager does; return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(TIMEOUT)


@contextmanager
def running(
    program: Sequence[str | Path], says: str, store: str, folder: Path
) -> Iterator[HostedServer]:
    """Run a server.

    Args:
        program: the command, whose server chooses a port.
        says: its startup message, with the port as a group.
        store: the store of the hosted application.
        folder: for its log.
    """
    log = folder / "server.log"
    environment = {"PATH": os.environ["PATH"], "HOSTED_STORE": store, "PYTHONPATH": str(ROOT)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*program],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
    server = HostedServer(process, log)
    try:
        server.wait_until_it_listens(re.compile(says))
        yield server
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(TIMEOUT)


def gunicorn(application: str, *options: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "--bind=127.0.0.1:0",
        "--workers=2",
        "--no-control-socket",
        *options,
        application,
    ]


GUNICORN_LISTENS = r"Listening at: http://127\.0\.0\.1:(\d+)"


def uwsgi(application: str, *options: str) -> list[str | Path]:
    return [
        Path(sys.executable).with_name("uwsgi"),
        "--http-socket=127.0.0.1:0",
        "--master",
        "--processes=2",
        "--need-app",
        "--die-on-term",
        f"--module={application}",
        *options,
    ]


UWSGI_LISTENS = r"bound to TCP address 127\.0\.0\.1:(\d+)"


def use(server: HostedServer, application: str) -> None:
    """Log in, call a protected view, refresh and log out, with any worker."""
    credentials = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}

    def log_in() -> Answer:
        return server.ask("POST", "/login", body=credentials)

    logins = [*_at_once(log_in, LOGINS_AT_ONCE[application]), log_in()]
    assert {login.status for login in logins} == {200}, server.log
    tokens = logins[0].body
    workers = _asked_until(server, tokens["access_token"], 200, workers=2)
    renewed = server.ask("POST", "/refresh", tokens["refresh_token"])
    assert renewed.status == 200
    assert server.ask("POST", "/logout", renewed.body["access_token"]).status in (200, 204)
    assert _asked_until(server, tokens["access_token"], 401, workers=2) == workers
    assert server.ask("GET", "/mine", logins[1].body["access_token"]).status == 200


def _at_once(ask: Callable[[], Answer], times: int) -> list[Answer]:
    with ThreadPoolExecutor(times) as clients:
        return [answer.result() for answer in [clients.submit(ask) for _ in range(times)]]


def _asked_until(server: HostedServer, token: str, status: int, *, workers: int) -> set[str]:
    """Call a protected view until every worker gives this response; return the workers."""
    last: dict[str, int] = {}
    until = time.monotonic() + TIMEOUT
    while len(last) < workers or set(last.values()) != {status}:
        assert time.monotonic() < until, (last, server.log)
        answers = _at_once(lambda: server.ask("GET", "/mine", token), AT_ONCE)
        last |= {answer.worker: answer.status for answer in answers}
    return set(last)
