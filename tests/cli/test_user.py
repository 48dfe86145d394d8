import json
import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flask_watchword.accounts.credentials import authenticate
from flask_watchword.accounts.passwords import Passwords
from flask_watchword.accounts.users import User
from flask_watchword.cli import output
from flask_watchword.cli.main import main
from flask_watchword.infra.factory import upgrade_database
from flask_watchword.service.load_settings import read_settings
from flask_watchword.service.stores import opened_users
from tests.cli.conftest import WATCHWORD

PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _in_a_folder_with_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    upgrade_database("sqlite:///watchword.db")


def watchword(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, arguments, input=typed)


def add(email: str, *options: str, typed: str = f"{PASSWORD}\n{PASSWORD}\n") -> Result:
    return watchword("user", "add", email, *options, typed=typed)


def can_log_in(email: str, password: str, database: str = "sqlite:///watchword.db") -> bool:
    with opened_users(read_settings({}, database=database)) as users:
        return authenticate(users, Passwords(), email, password) is not None


def test_added_user_can_log_in() -> None:
    result = add("Ada@Example.com")
    assert result.exit_code == 0, result.output
    assert "Added Ada@Example.com." in result.output
    assert can_log_in("ada@example.com", PASSWORD)


def test_account_can_be_added_while_the_session_store_is_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WATCHWORD_VALKEY", "valkey://127.0.0.1:1/0")
    assert add("ada@example.com").exit_code == 0
    assert watchword("user", "list").exit_code == 0


def test_password_is_never_shown() -> None:
    assert PASSWORD not in add("ada@example.com").output


def test_password_can_come_from_standard_input() -> None:
    result = add("ada@example.com", "--password-stdin", typed=f"{PASSWORD} \n")
    assert result.exit_code == 0, result.output
    assert can_log_in("ada@example.com", f"{PASSWORD} ")


def test_missing_terminal_is_one_line_that_names_the_option() -> None:
    # In a session without a terminal, in which getpass cannot open one either.
    done = subprocess.run(
        [*WATCHWORD, "user", "add", "ada@example.com"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        start_new_session=True,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "Error: no terminal to prompt on; use --password-stdin"
    assert "GetPassWarning" not in done.stderr


def test_message_after_a_prompt_starts_on_its_own_line() -> None:
    add("ada@example.com")
    done = subprocess.run(
        [*WATCHWORD, "user", "delete", "ada@example.com", "--json"],
        input="n\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert json.loads(done.stderr.splitlines()[-1])["error"]["code"] == "interrupted"


def test_database_can_be_given() -> None:
    upgrade_database("sqlite:///other.db")
    assert add("ada@example.com", "--database", "sqlite:///other.db").exit_code == 0
    assert can_log_in("ada@example.com", PASSWORD, "sqlite:///other.db")
    assert watchword("user", "list").output == ""


def test_missing_database_is_one_line_and_is_not_created() -> None:
    result = add("ada@example.com", "--database", "sqlite:///typo.db", typed="")
    assert result.exit_code == 1
    assert result.output == (
        f"Error: there is no database at {Path('typo.db').absolute()}; "
        "create it with `watchword serve` or `watchword db upgrade`, or name another with "
        "--database\n"
    )
    assert not list(Path().glob("typo*"))


@pytest.mark.server
def test_postgresql_without_the_schema_gets_none(new_postgres_url: str) -> None:
    result = add("ada@example.com", "--database", new_postgres_url, typed="")
    assert result.exit_code == 1
    assert "is not this version's; see: watchword db current" in result.output
    assert "has no schema" in watchword("db", "current", "--database", new_postgres_url).output


def test_mismatched_password_is_prompted_for_again() -> None:
    typed = f"{PASSWORD}\nsomething else\n{PASSWORD}\n{PASSWORD}\n"
    result = add("ada@example.com", typed=typed)
    assert result.exit_code == 0
    assert "do not match" in result.output
    assert can_log_in("ada@example.com", PASSWORD)


@pytest.mark.parametrize("options", [(), ("--password-stdin",)])
def test_short_password_is_rejected_with_the_reason(options: tuple[str, ...]) -> None:
    result = add("ada@example.com", *options, typed="too short\ntoo short\n")
    assert result.exit_code == 1
    assert "at least 15" in result.output
    assert watchword("user", "list").output == ""


def test_existing_address_is_rejected_before_the_password_prompt() -> None:
    add("ada@example.com")
    result = add("ADA@example.com", typed="")
    assert result.exit_code == 1
    assert result.output == "Error: an account for ADA@example.com exists already\n"


@pytest.mark.parametrize("email", ["nobody", "a@", "a b@example.com"])
def test_invalid_address_is_rejected(email: str) -> None:
    result = add(email)
    assert result.exit_code == 1
    assert "is not valid" in result.output


def test_piped_output_has_one_line_per_user() -> None:
    for email in ("eve@example.com", "Ada@example.com"):
        add(email)
    lines = watchword("user", "list").output.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["Ada@example.com", "eve@example.com"]
    assert all(re.fullmatch(r"\S+\t\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\t.{32}", x) for x in lines)


def test_terminal_output_is_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    add("ada@example.com")
    # Stored before addresses were validated by the rules of mail.
    odd = User("1", "ada[bold]@example.com", "ada[bold]@example.com", "no hash", 0.0)
    with opened_users(read_settings({})) as users:
        users.add(odd)
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    shown = watchword("user", "list").output
    assert "E-mail" in shown
    assert "ada[bold]@example.com" in shown


def test_listing_a_missing_database_does_not_create_it() -> None:
    result = watchword("user", "list", "--database", "sqlite:///typo.db")
    assert result.exit_code == 1
    assert "there is no database at" in result.output
    assert not Path("typo.db").exists()


@pytest.mark.parametrize("command", [("user", "list"), ("user", "add", "ada@example.com")])
def test_invalid_setting_is_one_line(command: tuple[str, ...]) -> None:
    result = watchword(*command, "--database", "nowhere")
    assert result.exit_code == 1
    assert re.fullmatch(r"Error: WATCHWORD_DATABASE: .*\n", result.output)


def test_file_that_is_not_a_database_is_one_line() -> None:
    Path("watchword.db").write_bytes(b"this is no database " * 500)
    result = watchword("user", "list")
    assert result.exit_code == 69
    assert result.output == "Error: a store does not respond: file is not a database\n"
