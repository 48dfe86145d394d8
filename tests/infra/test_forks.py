"""A fork while other threads use the store: the child works, and shares nothing."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

ROOT = Path(__file__).parents[2]

BEGINNING = """
import os, signal, sys, threading, warnings
from flask_watchword.sessions.session import Lifetimes, new_session
from flask_watchword.infra.factory import open_session_store

warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is the very subject
NOW, LIVES = 1_700_000_000.0, Lifetimes()
store = open_session_store(sys.argv[1])
entered, lock = threading.Event(), threading.Lock()


def hold(*_):
    # As a driver holds locks of its own while it is asked: longer than a fork takes.
    with lock:
        entered.set()
        threading.Event().wait(0.3)


def child_answers(child):
    if child == 0:
        signal.alarm(10)
        try:
            session = new_session("ada", NOW, LIVES)
            store.start(session, None, LIVES)
            assert store.get(session.id) == session
            os._exit(7)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 7
"""

# The follower thread checks for new revocations.
FOLLOWING = """
whole = store._database._attempt

def attempt(*arguments):
    hold()
    return whole(*arguments)

store._database._attempt = attempt
follower = threading.Thread(target=store.wait_for_change, args=(60.0,), daemon=True)
follower.start()
"""

ASKING_MEMORY = """
whole = store._live

def live(*arguments):
    hold()
    return whole(*arguments)

store._live = live
follower = threading.Thread(target=store.of_subject, args=("ada", NOW), daemon=True)
follower.start()
"""

# The client of a cluster reads the layout when it is opened, under a lock.
OPENING_VALKEY = """
whole = store.server._open_client

def open_client():
    hold()
    return whole()

store.server._open_client = open_client
follower = threading.Thread(target=store.get, args=("ada",), daemon=True)
follower.start()
"""

FORKING = """
assert entered.wait(10)
assert child_answers(os.fork())
assert follower.is_alive() or not sys.argv[1].startswith("sqlite")
print("the child answered")
"""

# The parent has used its connections and keeps them in its pool.
SHARING_NOTHING = """
def open_databases():
    links = (f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd"))
    return [name for name in map(os.readlink, filter(os.path.exists, links))
            if name.endswith((".db", "-wal", "-shm"))]

store.get("nobody")
assert open_databases()
may_go_on, go_on = os.pipe()
has_begun, begin = os.pipe()
child = os.fork()
if child == 0:
    try:
        assert open_databases() == []
        store.get("nobody")
        os.write(begin, b"x")
        os.read(may_go_on, 1)
        store.start(new_session("ada", NOW, LIVES), None, LIVES)
        os._exit(7)
    finally:
        os._exit(1)
os.close(begin)
os.read(has_begun, 1)
store.close()  # the last connection that this process knows of
os.write(go_on, b"x")
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 7
later = open_session_store(sys.argv[1])
print(len(later.of_subject("ada", NOW)), "session")
"""


def output_of(*parts: str, url: str) -> str:
    answer = subprocess.run(
        [sys.executable, "-c", "\n".join((BEGINNING, *parts)), url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_fork_waits_for_a_running_database_call(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/sessions.db"
    assert output_of(FOLLOWING, FORKING, url=url) == "the child answered\n"


def test_fork_leaves_no_lock_of_the_memory_store_held() -> None:
    assert output_of(ASKING_MEMORY, FORKING, url="memory://") == "the child answered\n"


@pytest.mark.server
def test_fork_waits_for_the_opening_of_a_client(valkey_url: str) -> None:
    assert output_of(OPENING_VALKEY, FORKING, url=valkey_url) == "the child answered\n"


def test_child_inherits_no_connection_to_a_file_and_loses_nothing(tmp_path: Path) -> None:
    """With its parent's connections it would not notice that its own locks are missing."""
    url = f"sqlite:///{tmp_path}/sessions.db"
    assert output_of(SHARING_NOTHING, url=url) == "1 session\n"


TWO_CONNECTIONS = """
def server_process():
    with store._engine.connect() as connection:
        return connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()

mine = server_process()
assert mine == server_process()
child = os.fork()
if child == 0:
    os._exit(7 if server_process() != mine else 1)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 7 and mine == server_process()
print("two connections")
"""


@pytest.mark.server
def test_child_leaves_the_server_connections_to_its_parent(postgres_engine: Engine) -> None:
    url = postgres_engine.url.render_as_string(hide_password=False)
    assert output_of(TWO_CONNECTIONS, url=url) == "two connections\n"


UNDER_WAY = """
from flask_watchword import fork_safety as forks

forks.PATIENCE = 0.2
threading.Thread(target=lambda: (forks.no_fork.__enter__(), entered.set())).start()
assert entered.wait(10)
child = os.fork()
if child == 0:
    with forks.no_fork:
        os._exit(7 if forks.no_fork._state().queries == 1 else 1)
_, status = os.waitpid(child, 0)
with forks.no_fork:
    print("exit", os.waitstatus_to_exitcode(status))
"""


def test_fork_waits_for_a_limited_time() -> None:
    assert output_of(UNDER_WAY, url="memory://") == "exit 7\n"
