"""In-memory sessions with several processes are reported once by each process."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from flask_watchword.extension.checks.results import CheckResult, Level
from flask_watchword.extension.checks.runner import check_app
from flask_watchword.infra.memory_sessions import MemorySessionStore
from tests.extension.sessions.site import Site

ROOT = Path(__file__).parents[3]
TOLD = "several processes serve this application"


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]


def start(site: Site, *, several: bool) -> None:
    with site.app.test_request_context(multiprocess=several):
        site.sessions.start("ada")


@pytest.mark.parametrize("store", ["memory://", MemorySessionStore()], ids=["url", "store"])
def test_server_with_several_processes_is_reported_once(
    caplog: pytest.LogCaptureFixture, store: object
) -> None:
    site = Site(WATCHWORD_SESSION_STORE=store)
    for _ in range(3):
        start(site, several=True)
    (line,) = warnings_of(caplog)
    assert TOLD in line
    assert "set WATCHWORD_SESSION_STORE to sqlite:///sessions.db" in line
    site.close()


def test_server_with_one_process_is_fine(caplog: pytest.LogCaptureFixture) -> None:
    site = Site()
    start(site, several=False)
    with site.app.app_context():  # a command, without a request
        site.sessions.start("ada")
    assert warnings_of(caplog) == []
    site.close()


def test_store_shared_by_processes_is_fine(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    site = Site(WATCHWORD_SESSION_STORE=f"sqlite:///{tmp_path}/s.db")
    start(site, several=True)
    assert warnings_of(caplog) == []
    site.close()


FORKED = """
import os, sys, warnings
from tests.extension.sessions.site import Site

warnings.simplefilter("ignore", DeprecationWarning)
site = Site()
users = sys.argv[1:]
if "parent" in users:
    site.sign_in()
def serve():
    child = os.fork()
    if child == 0:
        site.sign_in()
        site.sign_in()
        os._exit(0)
    return child
for _ in range(users.count("child")):
    os.waitpid(serve(), 0)
"""


@pytest.mark.parametrize(
    ("users", "reports"),
    [
        # A server that forks before it serves, with one worker, which a second worker replaces.
        (["child", "child"], 0),
        # A process that has served, and its child.
        (["parent", "child"], 1),
    ],
)
def test_fork_after_which_two_processes_use_the_store_is_reported(
    users: list[str], reports: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKED, *users],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr.count(TOLD) == reports, done.stderr


def finding(site: Site) -> CheckResult:
    return next(one for one in check_app(site.app) if one.check == "revocation")


@pytest.mark.parametrize(
    ("name", "count", "level"),
    [
        ("WEB_CONCURRENCY", "4", Level.PROBLEM),
        ("GRANIAN_WORKERS", "2", Level.PROBLEM),
        ("WEB_CONCURRENCY", "1", Level.WARNING),
        ("WEB_CONCURRENCY", "many", Level.WARNING),
        ("WEB_CONCURRENCY", "", Level.WARNING),
    ],
)
def test_doctor_reads_the_number_of_workers_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, count: str, level: Level
) -> None:
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    monkeypatch.setenv(name, count)
    site = Site()
    found = finding(site)
    assert found.level is level
    assert (f"{name} is {count}" in found.says) is (level is Level.PROBLEM)
    assert "set WATCHWORD_SESSION_STORE" in found.remedy
    site.close()
