import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flask_watchword.cli.main import main
from flask_watchword.clock import system_clock
from flask_watchword.infra.factory import open_session_store, upgrade_database
from flask_watchword.infra.sql.engine import open_engine
from flask_watchword.sessions.revocation import Revocation, RevocationKind
from flask_watchword.sessions.session import Lifetimes, new_session
from flask_watchword.sessions.store import RETENTION_SECONDS, SessionStore
from tests.infra.sql.account_rows import keep_one_of_each_kind, left
from tests.servers.valkey import running_valkey

NO_ACCOUNTS = ", and 0 codes, counters, messages and tokens.\n"
LIVES = Lifetimes(idle=60.0)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["purge", *arguments])


def fill(store: SessionStore, over: int) -> str:
    """Store a number of expired sessions and revocations, and an unexpired one of each."""
    now = system_clock()
    ended = now - RETENTION_SECONDS - 1.0
    for number in range(over):
        store.start(new_session("ada", ended - LIVES.access, LIVES), None, LIVES)
        store.revoke(Revocation(RevocationKind.TOKEN, f"old-{number}", ended - 60.0, ended))
    live = new_session("ada", now, LIVES)
    store.start(live, None, LIVES)
    # Expired by less than the tolerated clock difference.
    store.revoke(Revocation(RevocationKind.TOKEN, "live", now - 960.0, now - 60.0))
    store.close()
    return live.id


def fill_accounts(url: str, over: int) -> None:
    """Store a number of expired records of each kind, and an unexpired one."""
    engine = open_engine(url)
    for number in range(over):
        keep_one_of_each_kind(engine, str(number), over=True, now=system_clock())
    keep_one_of_each_kind(engine, "live", over=False, now=system_clock())
    engine.dispose()


def left_of_accounts(url: str) -> list[int]:
    engine = open_engine(url)
    try:
        return left(engine)
    finally:
        engine.dispose()


def assert_only_the_live_is_left(url: str, live: str) -> None:
    store = open_session_store(url)
    now = system_clock()
    assert store.get(live) is not None
    assert [entry.value for entry in store.revocations(0, now - 2 * RETENTION_SECONDS).entries] == [
        "live"
    ]
    assert store.purge(now - RETENTION_SECONDS, 100) == 0
    store.close()


def test_expired_records_are_deleted_and_no_others(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_watchword.cli.cleanup.BATCH", 2)
    live = fill(open_session_store(database_url), over=5)
    result = run("--database", database_url)
    assert result.exit_code == 0, result.output
    assert result.output == "Deleted 10 sessions and revocations" + NO_ACCOUNTS
    assert_only_the_live_is_left(database_url, live)


def test_backlog_of_expired_account_records_is_deleted_and_no_others(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_watchword.cli.cleanup.BATCH", 2)
    upgrade_database(database_url)
    fill_accounts(database_url, over=5)
    result = run("--database", database_url)
    assert result.output == (
        "Deleted 0 sessions and revocations, and 25 codes, counters, messages and tokens.\n"
    )
    assert left_of_accounts(database_url) == [1, 1, 2, 1]


@pytest.mark.server
def test_account_records_are_deleted_when_sessions_are_in_valkey(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade_database(sqlite_url)
    fill_accounts(sqlite_url, over=1)
    monkeypatch.setenv("WATCHWORD_DATABASE", sqlite_url)
    with running_valkey() as server:
        monkeypatch.setenv("WATCHWORD_VALKEY", server.url)
        fill(open_session_store(server.url), over=3)
        result = run("--json")
        assert json.loads(result.output) == {"sessions": 6, "accounts": 5}, result.output
        assert left_of_accounts(sqlite_url) == [1, 1, 2, 1]
        counts = json.loads(run("--json", "--store", server.url).output)
        assert counts == {"sessions": 0, "accounts": None}
        counts = json.loads(run("--json", "--database", sqlite_url).output)
        assert counts == {"sessions": 0, "accounts": 0}


def test_database_can_be_given_as_the_store(database_url: str) -> None:
    fill(open_session_store(database_url), over=1)
    result = run("--store", database_url)
    assert result.output == "Deleted 2 sessions and revocations" + NO_ACCOUNTS


@pytest.mark.server
def test_valkey_server_can_be_given_as_the_store() -> None:
    with running_valkey() as server:
        live = fill(open_session_store(server.url), over=3)
        result = run("--store", server.url)
        assert result.exit_code == 0, result.output
        assert result.output == "Deleted 6 sessions and revocations.\n"
        assert_only_the_live_is_left(server.url, live)


def test_json_output_has_only_the_counts(sqlite_url: str) -> None:
    fill(open_session_store(sqlite_url), over=3)
    result = run("--database", sqlite_url, "--json")
    assert json.loads(result.output) == {"sessions": 6, "accounts": 0}
    again = run("--database", sqlite_url, "--json")
    assert json.loads(again.output) == {"sessions": 0, "accounts": 0}


def test_progress_is_shown_on_a_terminal(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_watchword.cli.cleanup.BATCH", 2)
    monkeypatch.setattr("flask_watchword.cli.cleanup.shows_progress", lambda: True)
    fill(open_session_store(sqlite_url), over=3)
    fill_accounts(sqlite_url, over=1)
    result = run("--database", sqlite_url, "--json")
    assert result.stderr == (
        "\rsessions: 4 deleted so far\rsessions: 6 deleted so far\n\raccounts: 5 deleted so far\n"
    )
    assert json.loads(result.stdout) == {"sessions": 6, "accounts": 5}


def test_session_store_of_the_environment_takes_precedence_over_the_database(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(open_session_store(sqlite_url), over=1)
    monkeypatch.setenv("WATCHWORD_SESSION_STORE", sqlite_url)
    monkeypatch.setenv("WATCHWORD_DATABASE", "sqlite:///missing.db")
    assert run().output == "Deleted 2 sessions and revocations.\n"
    assert "there is no database at" in run("--database", "sqlite:///missing.db").output


def test_database_defaults_to_that_of_serve() -> None:
    fill(open_session_store("sqlite:///watchword.db"), over=1)
    assert run().output == "Deleted 2 sessions and revocations" + NO_ACCOUNTS


def test_database_and_store_together_are_rejected() -> None:
    result = run("--database", "sqlite:///a.db", "--store", "sqlite:///b.db")
    assert result.exit_code == 2
    assert "give --database or --store, not both" in result.output


def test_missing_database_is_not_created() -> None:
    result = run()
    assert result.exit_code == 1
    assert "there is no database at" in result.output
    assert list(Path().iterdir()) == []


def test_database_without_the_schema_is_left_without(new_database_url: str) -> None:
    if new_database_url.startswith("sqlite"):
        Path("store.db").touch()
    for _ in range(2):
        result = run("--database", new_database_url)
        assert result.exit_code == 1
        assert result.output.endswith(" is not this version's; see: watchword db current\n")


@pytest.mark.parametrize(
    "url",
    ["secret", "memory://", "mysql://ada:secret@host/shop", "valkey://:se/cret@host"],
)
def test_unsupported_url_is_rejected_with_the_supported_forms(url: str) -> None:
    result = run("--store", url)
    assert result.exit_code == 1
    assert result.output == (
        "Error: WATCHWORD_SESSION_STORE: is not a URL like sqlite:///watchword.db, "
        "postgresql://user@host/name or valkey://host:6379/0\n"
    )


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://ada:secret@127.0.0.1:1/shop", "valkey://:secret@127.0.0.1:1/0"]
)
def test_unreachable_store_is_one_line_without_the_password(url: str) -> None:
    result = run("--store", url)
    assert result.exit_code == 69
    assert result.output.startswith("Error: a store does not respond: ")
    assert result.output.count("\n") == 1
    assert "secret" not in result.output


def test_unknown_client_option_is_one_line() -> None:
    result = run("--store", "valkey://127.0.0.1:1/0?colour=red")
    assert result.exit_code == 1
    assert result.output == "Error: the URL has an option that the client does not accept\n"
