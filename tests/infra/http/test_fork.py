"""Forking servers: a worker has its parent's keys, and none of its parent's threads."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

FORKED_WHILE_FETCHING = """
import os, threading, warnings
from flask_watchword.infra.http.http_get import Document
from flask_watchword.infra.http.remote_keys import RemoteKeys

warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is the very subject
parent, now, asked, may_answer = os.getpid(), 0.0, threading.Semaphore(0), threading.Event()

def fetch():
    asked.release()
    if os.getpid() == parent and now:
        may_answer.wait()
    return Document(b"child" if os.getpid() != parent else b"parent", 600.0)

def keys():
    return RemoteKeys("issuer", fetch, lambda body: [], elapsed=lambda: now, patience=30)

held, none = keys(), keys()
assert held.current().body == b"parent"
now = 1e6
waiting = [threading.Thread(target=each.current) for each in (held, none)]
for thread in waiting:
    thread.start()
for _ in range(3):
    asked.acquire()
with held._lock():  # as another thread of the parent might hold it
    child = os.fork()
if child == 0:
    try:
        assert held._keys.body == b"parent"
        assert held.current().body == b"child"
        assert none.current().body == b"child"
        os._exit(7)
    finally:
        os._exit(1)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 7
may_answer.set()
for thread in waiting:
    thread.join()
assert none.current().body == b"parent"
print("both answered")
"""


def test_worker_forked_during_a_fetch_fetches_itself() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", FORKED_WHILE_FETCHING],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == "both answered\n"
