"""``watchword doctor``: all checks, with real stores."""

import json
import os
import re
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import make_url, text

from flask_watchword.cli import output
from flask_watchword.cli.main import main
from flask_watchword.infra.factory import upgrade_database
from flask_watchword.infra.sql.engine import open_engine, writing
from flask_watchword.service.load_settings import read_settings
from flask_watchword.service.stores import prepare
from tests.servers.postgres import running_postgres
from tests.servers.valkey import running_valkey

#: Seconds that all checks may take when no server responds; they take about ten.
BOUND = 60.0


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", secrets.token_urlsafe(32))


@pytest.fixture
def prepared(database_url: str) -> str:
    """A database on which a service has been started."""
    prepare(read_settings(database=database_url))
    return database_url


def doctor(*options: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *options])


def found(result: Result) -> dict[str, tuple[str, str]]:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len({line["check"] for line in lines}) == len(lines)
    return {line["check"]: (line["result"], line["says"]) for line in lines}


def test_configured_service_has_no_problem(prepared: str) -> None:
    result = doctor("--json", "--database", prepared)
    results = {check: level for check, (level, _) in found(result).items()}
    assert result.exit_code == 0, result.output
    assert {check for check, level in results.items() if level != "ok"} == {"admins"}
    assert result.stderr == "0 problems, 1 warning.\n"
    has_a_clock = prepared.startswith("postgresql")
    assert ("clock of the database" in results) is has_a_clock
    assert ("files of the database" in results) is not has_a_clock


def test_warning_fails_on_request(prepared: str) -> None:
    assert doctor("--database", prepared).exit_code == 0
    assert doctor("--strict", "--database", prepared).exit_code == 1


def test_problem_always_fails_and_has_a_remedy(
    prepared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", secrets.token_urlsafe(32))
    result = doctor("--database", prepared)
    assert result.exit_code == 1
    (line,) = (line for line in result.stdout.splitlines() if line.startswith("master key\t"))
    _, level, says, remedy = line.split("\t")
    assert (level, remedy[:7]) == ("problem", "set the")
    assert says.startswith("does not decrypt")


def test_invalid_setting_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHWORD_PORT", "no number")
    result = doctor("--json")
    assert result.exit_code == 1
    assert list(found(result)) == ["settings"]


def test_nothing_is_created_in_an_empty_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHWORD_MASTER_KEY")
    result = doctor("--json")
    assert result.exit_code == 0
    assert found(result)["schema of the database"][0] == "warning"
    assert list(Path().iterdir()) == []


def test_missing_master_key_is_not_generated(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WATCHWORD_MASTER_KEY")
    upgrade_database(sqlite_url)
    result = doctor("--json", "--database", sqlite_url)
    assert found(result)["master key"][0] == "ok"
    assert found(result)["admins"][0] == "not checked"
    assert not list(Path(make_url(sqlite_url).database or "").parent.glob("*.master-key"))


@pytest.mark.server
def test_postgres_requires_a_master_key(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHWORD_MASTER_KEY")
    for _ in range(2):
        result = doctor("--json", "--database", postgres_url)
        assert found(result)["master key"][0] == "problem"
        upgrade_database(postgres_url)


def test_older_schema_is_a_problem_and_its_data_is_not_checked(prepared: str) -> None:
    engine = open_engine(prepared)
    with writing(engine) as connection:
        connection.execute(text("UPDATE watchword_alembic_version SET version_num = '0004'"))
    engine.dispose()
    result = doctor("--json", "--database", prepared)
    assert result.exit_code == 1
    assert found(result)["schema of the database"][0] == "problem"
    assert found(result)["signing key"][0] == "not checked"


def test_database_of_another_user_is_left_unchanged(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WATCHWORD_MASTER_KEY")
    prepare(read_settings(database=sqlite_url))
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    result = doctor("--json", "--database", sqlite_url)
    assert result.exit_code == 1
    results = found(result)
    assert results["owner of the database"][0] == "problem"
    assert results["database"][0] == "not checked"
    # A user who found the master key in an unexpected directory might delete it, which would be
    # fatal.
    assert "remove it" not in result.stdout


def test_file_that_is_not_a_database_is_a_problem() -> None:
    Path("watchword.db").write_bytes(b"this is no database " * 500)
    result = doctor("--json")
    assert result.exit_code == 1
    assert found(result)["database"] == ("problem", "does not respond: file is not a database")


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        yield port


def test_unreachable_servers_are_problems_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WATCHWORD_DATABASE", "postgresql+psycopg://me:hush@127.0.0.1:1/name")
    monkeypatch.setenv("WATCHWORD_VALKEY", "valkey://:hush@127.0.0.1:1/0")
    monkeypatch.setenv("WATCHWORD_SMTP", "smtp://me:hush@127.0.0.1:1")
    monkeypatch.setenv("WATCHWORD_MAIL_FROM", "no-reply@example.com")
    result = doctor("--json")
    results = found(result)
    assert result.exit_code == 1
    for check in ("database", "Valkey server", "e-mail"):
        assert results[check][0] == "problem", results
    assert "hush" not in result.output


@pytest.mark.server
def test_unresponsive_servers_are_problems_within_bounded_time(
    monkeypatch: pytest.MonkeyPatch, silent_port: int
) -> None:
    with running_postgres() as postgres, running_valkey() as valkey:
        url = postgres.url.render_as_string(hide_password=False)
        monkeypatch.setenv("WATCHWORD_DATABASE", url)
        monkeypatch.setenv("WATCHWORD_VALKEY", valkey.url)
        monkeypatch.setenv("WATCHWORD_SMTP", f"smtp://127.0.0.1:{silent_port}")
        monkeypatch.setenv("WATCHWORD_MAIL_FROM", "no-reply@example.com")
        began = time.monotonic()
        with postgres.frozen(), valkey.frozen():
            results = found(doctor("--json"))
        assert time.monotonic() - began < BOUND
    for check in ("database", "Valkey server", "e-mail"):
        assert results[check][0] == "problem", results


@pytest.mark.server
def test_valkey_without_persistence_is_reported(
    prepared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"maxmemory": "64mb", "maxmemory-policy": "allkeys-lru"}
    with running_valkey(**settings) as valkey:
        monkeypatch.setenv("WATCHWORD_VALKEY", valkey.url)
        results = found(doctor("--json", "--database", prepared))
    assert results["Valkey server"][0] == "ok"
    assert results["clock of the Valkey server"][0] == "ok"
    assert results["memory of the Valkey server"][0] == "problem"
    assert results["persistence of the Valkey server"][0] == "warning"


@pytest.mark.server
def test_database_role_without_permissions_is_a_problem(postgres_url: str) -> None:
    upgrade_database(postgres_url)
    role = f"watcher_{secrets.token_hex(4)}"
    engine = open_engine(postgres_url)
    with writing(engine) as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
    try:
        url = make_url(postgres_url).set(username=role).render_as_string(hide_password=False)
        result = doctor("--json", "--database", url)
        assert result.exit_code == 1
        level, says = found(result)["database"]
        assert level == "problem"
        assert "permission denied" in says
    finally:
        with writing(engine) as connection:
            connection.execute(text(f"DROP ROLE {role}"))
        engine.dispose()


def test_terminal_output_is_a_table(prepared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    table = doctor("--database", prepared).stdout
    assert re.search(r"│ settings +│ ok ", table)


def test_table_does_not_truncate_paths(
    prepared: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    folder = tmp_path / ("a_folder_with_a_long_name" * 5)
    folder.mkdir()
    url = f"sqlite:///{folder}/store.db"
    upgrade_database(url)
    table = doctor("--database", url).stdout
    assert "…" not in table
    assert folder.name in re.sub(r"[\s│]", "", table)
