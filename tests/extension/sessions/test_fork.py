"""Forking servers: each worker follows the revocations by itself."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

# The parent has served a request before it forks, so it has a follower that the child lacks. The
# parent's lock is held at the fork, as another thread of it might hold it.
PROGRAM = """
import os, sys, warnings
from flask_watchword.sessions.session import Lifetimes
from tests.extension.sessions.site import Site

warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is the very subject
site = Site()
ended, living = site.sign_in(), site.sign_in()
ended.post("/end")
assert living.get().status_code == 200
parents = site.feed._thread
with site.feed._lock:
    child = os.fork()
if child == 0:
    try:
        assert site.feed._thread is None
        assert ended.get().status_code == 401
        assert living.get().status_code == 200
        assert site.feed._thread.is_alive() and site.feed._thread is not parents
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


def test_a_forked_worker_follows_by_itself() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert answer.stdout == "both answered\n", answer.stderr
