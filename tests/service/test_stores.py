"""Every store is opened where the settings place it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from flask_watchword.accounts.rate_limits import Hit
from flask_watchword.clock import system_clock
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.valkey.rate_limits import ValkeyRateLimitStore
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.stores import opened_stores, opened_users, prepare, prepare_database
from flask_watchword.sessions.session import Lifetimes, new_session
from tests.servers.valkey import running_valkey

ROOT = Path(__file__).parents[2]
LIVES = Lifetimes()
NOWHERE = "valkey://127.0.0.1:1/0"


def tables_of(url: str) -> set[str]:
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def kept(settings: Settings) -> list[str]:
    """Store a session, and return which of the two stores has it."""
    prepare(settings)
    session = new_session("ada", 0.0, LIVES)
    with opened_stores(settings) as stores:
        assert list(stores.users.page()) == []
        stores.sessions.start(session, None, LIVES)
    places = {"elsewhere": settings, "database": Settings(database=settings.database)}
    found = []
    for name, place in places.items():
        with opened_stores(place) as stores:
            if stores.sessions.get(session.id) is not None:
                found.append(name)
    return found


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/accounts.db"


def test_sessions_may_have_their_own_database(database: str, tmp_path: Path) -> None:
    elsewhere = f"sqlite:///{tmp_path}/sessions.db"
    assert kept(Settings(database=database, session_store=elsewhere)) == ["elsewhere"]
    assert "watchword_sessions" in tables_of(elsewhere)


def test_sessions_are_in_the_database_by_default(database: str) -> None:
    assert kept(Settings(database=database)) == ["elsewhere", "database"]


@pytest.mark.server
def test_sessions_may_be_in_valkey(database: str) -> None:
    with running_valkey() as valkey:
        assert kept(Settings(database=database, valkey=valkey.url)) == ["elsewhere"]


@pytest.mark.server
def test_sessions_and_rate_limits_share_one_connection_pool_and_prefix(database: str) -> None:
    with running_valkey() as valkey, valkey.client() as client:
        settings = Settings(database=database, valkey=f"{valkey.url}?prefix=shop")
        prepare(settings)
        before = len(client.client_list())
        with opened_stores(settings) as stores:
            stores.sessions.start(new_session("ada", 0.0, LIVES), None, LIVES)
            assert stores.rate_limits.consume([Hit("try", 1, 1)], 1) == 0
            assert len(client.client_list()) == before + 1
        assert {key.partition(b":")[0] for key in client.scan_iter()} == {b"{shop}"}


@pytest.mark.server
def test_rate_limits_may_be_stored_apart_from_sessions(database: str, tmp_path: Path) -> None:
    with running_valkey() as valkey, valkey.client() as client:
        elsewhere = f"sqlite:///{tmp_path}/sessions.db"
        url = f"{valkey.url}?prefix=shop"
        settings = Settings(database=database, valkey=url, session_store=elsewhere)
        prepare(settings)
        with opened_stores(settings) as stores:
            assert stores.rate_limits.consume([Hit("try", 1, 1)], 1) == 0
            assert isinstance(stores.rate_limits, ValkeyRateLimitStore)
        assert client.keys() == [b"{shop}:throttle:try"]
        # None of its connections is left.
        give_up_at = time.monotonic() + 10.0
        while len(client.client_list()) > 1:
            assert time.monotonic() < give_up_at


def test_unreachable_store_is_reported_before_anything_is_created(
    database: str, tmp_path: Path
) -> None:
    with pytest.raises(StoreUnavailable):
        prepare(Settings(database=database, valkey=NOWHERE))
    assert list(tmp_path.iterdir()) == []


def test_accounts_can_be_managed_while_the_session_store_is_down(database: str) -> None:
    settings = Settings(database=database, valkey=NOWHERE)
    prepare_database(settings)
    with opened_users(settings) as users:
        assert list(users.page()) == []


def test_unsupported_store_url_is_an_invalid_setting(database: str) -> None:
    with pytest.raises(InvalidSetting, match="WATCHWORD_SESSION_STORE: no session store"):
        prepare(Settings(database=database, session_store="etcd://:hidden@db"))


def test_session_store_is_dated_before_every_token(database: str) -> None:
    settings = Settings(database=database)
    prepare(settings)
    with opened_stores(settings) as stores:
        later = system_clock() + 60.0
        assert stores.sessions.revocations(0, later).since < later - 30.0


# The application has been loaded and has served with its threads and connections, and then forks.
PRELOADED = """
import os, sys
from flask import Flask
from flask_watchword import Watchword
from flask_watchword.service.load_settings import read_settings

settings = read_settings({}, database=sys.argv[1], demo=True, master_key="A" * 43)
app = Flask("host")
Watchword(app, settings=settings, url_prefix="/auth")
client = app.test_client()

def ask(method, path, token):
    return client.open(path, method=method, headers={"Authorization": f"Bearer {token}"})

def log_in():
    body = {"email": "test@example.com", "password": "password"}
    return client.post("/auth/login", json=body).get_json()

ended, living = log_in(), log_in()
assert ask("GET", "/auth/me", living["access_token"]).status_code == 200
assert ask("POST", "/auth/logout", ended["access_token"]).status_code == 204
for _ in range(2):
    child = os.fork()
    if child == 0:
        try:
            assert ask("GET", "/auth/me", ended["access_token"]).status_code == 401
            assert ask("GET", "/auth/me", living["access_token"]).status_code == 200
            pair = log_in()
            assert ask("POST", "/auth/refresh", pair["refresh_token"]).status_code == 200
            os._exit(7)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert ask("GET", "/auth/sessions", living["access_token"]).status_code == 200
print("all answered")
"""


@pytest.mark.parametrize(
    "place", ["database", pytest.param("postgres_url", marks=pytest.mark.server)]
)
def test_application_that_has_served_may_be_forked(
    place: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url: str = request.getfixturevalue(place)
    run = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", PRELOADED, url],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (run.stderr, run.stdout) == ("", "all answered\n")
