"""Which store an option opens, and the error for each invalid value."""

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL, create_engine

from flask_watchword.infra.factory import UnknownStore, open_session_store
from flask_watchword.infra.memory_sessions import MemorySessionStore
from flask_watchword.infra.sql.sessions import SqlSessionStore
from flask_watchword.infra.valkey.sessions import ValkeySessionStore
from flask_watchword.sessions.session import Lifetimes, new_session
from flask_watchword.sessions.store import SessionStore
from tests.servers.postgres import new_database

NOW, LIVES = 1_700_000_000.0, Lifetimes()


def keeps_a_session(store: SessionStore) -> bool:
    session = new_session("ada", NOW, LIVES)
    store.start(session, None, LIVES)
    found = store.get(session.id)
    store.close()
    return found == session


def test_memory_is_opened_by_its_url() -> None:
    store = open_session_store("memory://")
    assert isinstance(store, MemorySessionStore)
    assert keeps_a_session(store)


def test_file_is_opened_with_its_schema(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/sessions.db"
    for _ in range(2):
        store = open_session_store(url)
        assert isinstance(store, SqlSessionStore)
        assert keeps_a_session(store)


def test_database_of_an_engine_is_opened_with_its_schema(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/application.db")
    store = open_session_store(engine)
    assert isinstance(store, SqlSessionStore)
    assert keeps_a_session(store)
    engine.dispose()


@pytest.mark.server
@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_urls_of_hosting_platforms_are_accepted(
    postgres_server: URL, scheme: str
) -> None:
    with new_database(postgres_server, f"opened_{uuid4().hex}") as url:
        rest = url.render_as_string(hide_password=False).partition("://")[2]
        store = open_session_store(f"{scheme}://{rest}")
        assert isinstance(store, SqlSessionStore)
        assert keeps_a_session(store)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgres://ada:secret@db/x?sslmod=require", "does not accept: sslmod"),
        ("postgresql://ada:secret@db/x?connect_timeout=soon", "does not accept: connect_timeout"),
        ("postgresql://ada:secret@db/x?port=soon", "the driver cannot read"),
        ("postgresql+psycopg2://ada:secret@db/x", r"postgresql\+psycopg2 is not supported"),
        ("sqlite:///x.db?mode=ro", "does not accept: mode"),
        ("sqlite:///x.db?timeout=soon", "the driver cannot read"),
        ("redis://:secret@cache/0?timeout=5", "the client does not accept"),
        ("redis://:secret@cache/0?retry=1", "the client does not accept"),
        ("redis://:secret@cache/0?protocol=9", "the client does not accept"),
        ("rediss://:secret@cache/0?ssl_cert_reqs=sometimes", "the client does not accept"),
        ("rediss://:secret@cache/0?socket_timeout=soon", "cannot be read"),
    ],
)
def test_url_option_unknown_to_the_driver_is_rejected_on_opening(
    url: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownStore, match=why) as caught:
        open_session_store(url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scheme", ["valkey", "redis", "valkeys", "rediss"])
def test_server_url_is_parsed_without_connecting(scheme: str) -> None:
    store = open_session_store(f"{scheme}://localhost:1/0")
    assert isinstance(store, ValkeySessionStore)
    store.close()


@pytest.mark.server
def test_server_url_has_the_prefix_of_the_keys(valkey_url: str) -> None:
    prefix = f"test-{uuid4().hex}"
    shop = open_session_store(f"{valkey_url}?prefix={prefix}&socket_timeout=5")
    session = new_session("ada", NOW, LIVES)
    shop.start(session, None, LIVES)
    for query, found in ((f"?prefix={prefix}", session), ("?prefix=other", None), ("", None)):
        store = open_session_store(valkey_url + query)
        assert store.get(session.id) == found
        store.close()
    shop.close()


def test_store_object_is_used_as_it_is() -> None:
    store = MemorySessionStore()
    assert open_session_store(store) is store


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("memory", "a session store is a URL"),
        ("mysql://u:secret@h/d", "no session store supports mysql://"),
        ("sqlite://", "write sqlite://"),
        ("sqlite:///:memory:", "write sqlite://"),
        ("postgresql+psycopg2://u:secret@h/d", "is not supported"),
        ("postgresql+psycopg://u:p@h:secret/d", "cannot be read"),
        ("valkey://:pa/secret@host", "cannot be read"),
        ("valkey://:secret/pa@host", "cannot be read"),
        ("redis+cluster://:secret/pa@host", "cannot be read"),
        ("valkey://:secret@host?socket_timeout=secret", "cannot be read"),
        (5, "a int is not a session store"),
        (create_engine("sqlite://"), "write sqlite://"),
    ],
)
def test_invalid_store_is_rejected_without_showing_the_password(
    target: object, message: str
) -> None:
    with pytest.raises(UnknownStore, match=message) as caught:
        open_session_store(target)
    assert "secret" not in str(caught.value)


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "flask_watchword.infra.sql.factory")
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(UnknownStore, match="sqlalchemy"):
        open_session_store("sqlite:///file.db")


def test_opening_memory_imports_no_database() -> None:
    program = (
        "import sys\nfrom flask_watchword.infra.factory import open_session_store\n"
        "open_session_store('memory://')\n"
        "print({'sqlalchemy', 'alembic', 'valkey', 'redis', 'psycopg'} & sys.modules.keys())"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True, timeout=60
    )
    assert answer.stdout == "set()\n"
