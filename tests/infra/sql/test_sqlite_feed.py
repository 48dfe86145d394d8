"""How a revocation becomes visible to other processes of a machine that share a file."""

import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.sql.engine import writing
from flask_watchword.infra.sql.factory import open_sql_sessions
from flask_watchword.infra.sql.sessions import SqlSessionStore
from flask_watchword.sessions.revocation import Revocation, RevocationKind
from flask_watchword.sessions.session import Lifetimes, new_session

NOW = 1_700_000_000.0
LIVES = Lifetimes()
TOKEN = Revocation(RevocationKind.TOKEN, "jti", NOW, NOW + 900)

END_A_SESSION = """
import sys
from flask_watchword.sessions.session import Lifetimes
from flask_watchword.infra.sql.factory import open_sql_sessions
store = open_sql_sessions(sys.argv[1], upgrade=False)
store.end(sys.argv[2], float(sys.argv[3]), "signed_out", Lifetimes())
"""

FORK_BEHIND_A_RESTORED_FILE = """
import os, sys
from pathlib import Path
from flask_watchword.infra.sql.factory import open_sql_sessions
store = open_sql_sessions(sys.argv[1], upgrade=False)
store.revocations(0, 0.0)
file = Path(store._engine.url.database)
store.close()
file.with_name("backup.db").write_bytes(file.read_bytes())
file.with_name("backup.db").replace(file)
child = os.fork()
if child == 0:
    store.revocations(0, 0.0)
    os._exit(0)
sys.exit(os.waitpid(child, 0)[1] != 0)
"""


@pytest.fixture
def store(engine: Engine) -> Iterator[SqlSessionStore]:
    store = open_sql_sessions(engine.url, upgrade=False)
    yield store
    store.close()


def feed_of(engine: Engine) -> Path:
    return Path(f"{engine.url.database}-watchword-feed")


def test_revocation_by_another_process_has_moved_the_mark_when_it_returns(
    engine: Engine, store: SqlSessionStore
) -> None:
    session = new_session("ada", NOW, LIVES)
    store.start(session, None, LIVES)
    before = store.change_token()
    arguments = [str(engine.url), session.id, str(NOW)]
    subprocess.run([sys.executable, "-c", END_A_SESSION, *arguments], check=True, timeout=60)
    assert store.change_token() != before
    assert [entry.value for entry in store.revocations(0, NOW).entries] == [session.id]


def test_mark_is_read_without_the_file(engine: Engine, store: SqlSessionStore) -> None:
    before = store.change_token()
    feed_of(engine).unlink()
    assert store.change_token() == before


def test_feed_is_accessible_only_to_the_owner_of_the_database(
    engine: Engine, store: SqlSessionStore
) -> None:
    assert store.change_token()
    assert stat.S_IMODE(feed_of(engine).stat().st_mode) == 0o600


def test_database_and_a_link_to_it_share_a_mark(
    engine: Engine, store: SqlSessionStore, tmp_path: Path
) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(str(engine.url.database))
    linked = open_sql_sessions(f"sqlite:///{link}", upgrade=False)
    before = store.change_token()
    linked.revoke(TOKEN)
    linked.close()
    assert store.change_token() != before


def test_revocation_whose_process_died_before_moving_the_mark_is_still_found(
    engine: Engine, store: SqlSessionStore
) -> None:
    store.revoke(TOKEN)
    store.revocations(0, NOW)
    store.wait_for_change(0.0)
    waiting = threading.Thread(target=store.wait_for_change, args=(60.0,), daemon=True)
    waiting.start()
    with writing(engine) as connection:
        connection.exec_driver_sql(
            "INSERT INTO watchword_revocations (kind, value, moment, until) "
            "VALUES ('token', 'untold', 0, 9e9)"
        )
    waiting.join(30.0)
    assert not waiting.is_alive()


def test_feed_that_cannot_be_opened_is_an_unavailable_store(engine: Engine) -> None:
    feed_of(engine).mkdir()
    with pytest.raises(StoreUnavailable, match="watchword-feed"):
        open_sql_sessions(engine.url, upgrade=False)


def test_feed_that_is_a_symbolic_link_is_not_followed(engine: Engine, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    feed_of(engine).symlink_to(elsewhere)
    with pytest.raises(StoreUnavailable, match="watchword-feed"):
        open_sql_sessions(engine.url, upgrade=False)
    assert not elsewhere.exists()


def replace_by_backup(file: Path) -> None:
    backup = file.with_name("backup.db")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    backup.replace(file)


def test_store_whose_file_was_replaced_reports_no_revocations(
    engine: Engine, store: SqlSessionStore
) -> None:
    store.revocations(0, NOW)
    replace_by_backup(Path(str(engine.url.database)))
    with pytest.raises(StoreUnavailable, match="was replaced: restart"):
        store.revocations(0, NOW)
    with pytest.raises(StoreUnavailable, match="was replaced: restart"):
        store.find_revocations("sid", "jti", "ada")


def test_store_whose_file_was_removed_reports_no_revocations(
    engine: Engine, store: SqlSessionStore
) -> None:
    store.revocations(0, NOW)
    Path(str(engine.url.database)).unlink()
    with pytest.raises(StoreUnavailable, match="cannot find"):
        store.revocations(0, NOW)


def test_child_of_a_fork_uses_the_current_file(engine: Engine) -> None:
    arguments = [sys.executable, "-c", FORK_BEHIND_A_RESTORED_FILE, str(engine.url)]
    subprocess.run(arguments, check=True, timeout=60)
