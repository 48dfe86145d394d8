"""Forking servers: each worker follows the revocations itself."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

SERVED_BEFORE = """
import os, sys, warnings
from flask_watchword.sessions.session import Lifetimes
from tests.extension.sessions.site import Site

warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is the very subject
site = Site()
ended, living = site.sign_in(), site.sign_in()
ended.post("/end")
assert living.get().status_code == 200
parents = site.feed._follower.thread
with site.feed._lock():  # as another thread of the parent might hold it
    child = os.fork()
if child == 0:
    try:
        assert site.feed._follower.thread is None
        assert ended.get().status_code == 401
        assert living.get().status_code == 200
        assert site.feed._follower.thread.is_alive() and site.feed._follower.thread is not parents
        site.store.end(living.session_id, site.clock.now, "elsewhere", Lifetimes())
        assert living.get().status_code == 401
        os._exit(7)
    finally:
        os._exit(1)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 7
assert parents.is_alive() and living.get().status_code == 200
print("both answered")
"""

# The application is loaded, its store opened and used, and then the server forks its workers.
PRELOADED = """
import os, sys
from tests.extension.sessions.site import Site

site = Site(WATCHWORD_SESSION_STORE=sys.argv[1])
ended, living = site.sign_in(), site.sign_in()
with site.app.app_context():
    site.sessions.end(ended.session_id)
for _ in range(2):
    child = os.fork()
    if child == 0:
        try:
            assert ended.get().status_code == 401
            assert living.refresh().status_code == living.get().status_code == 200
            assert site.feed._follower.thread.is_alive()
            os._exit(7)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 7
assert living.get().status_code == 200
with site.app.app_context():
    site.sessions.end(living.session_id)
assert living.get().status_code == 401
print("all answered")
"""


def output_of(program: str, *arguments: str) -> str:
    answer = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_worker_forked_from_a_serving_process_follows_itself() -> None:
    assert output_of(SERVED_BEFORE) == "both answered\n"


def test_workers_forked_from_a_loaded_application_have_their_own_connections(
    tmp_path: Path,
) -> None:
    assert output_of(PRELOADED, f"sqlite:///{tmp_path}/sessions.db") == "all answered\n"
