import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from flask_watchword.accounts.audit import new_event
from flask_watchword.cli.main import main
from flask_watchword.clock import system_clock
from flask_watchword.infra.factory import opened_audit_log, upgrade_database
from flask_watchword.infra.sql.engine import open_engine, writing

DAY = 86_400.0
NOW = 1_700_000_000.0


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def filled(database_url: str) -> str:
    """A database with an audit log of five entries."""
    upgrade_database(database_url)
    events = [
        new_event("login", NOW + n, subject="ada", address="192.0.2.1", attempt=n) for n in range(4)
    ]
    with opened_audit_log(database_url) as log:
        log.append([*events, new_event("logout", NOW + 9, subject="bob", agent="curl/8 (x)")])
    return database_url


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", *arguments])


def change(url: str, statement: str) -> None:
    engine = open_engine(url)
    with writing(engine) as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_tail_shows_the_newest_entries_with_the_last_at_the_end(filled: str) -> None:
    assert run("tail", "-n", "2", "--database", filled).output.splitlines() == [
        "4 2023-11-14 22:13:23 UTC login subject=ada address=192.0.2.1 attempt=3",
        '5 2023-11-14 22:13:29 UTC logout subject=bob agent="curl/8 (x)"',
    ]


def test_tail_filters_by_subject_or_event(filled: str) -> None:
    assert run("tail", "--subject", "bob", "--database", filled).output.startswith("5 ")
    assert len(run("tail", "--event", "login", "--database", filled).output.splitlines()) == 4


def test_tail_prints_json_objects(filled: str) -> None:
    lines = run("tail", "--json", "--database", filled).output.splitlines()
    last = json.loads(lines[-1])
    assert (len(lines), last["seq"], last["event"], last["subject"]) == (5, 5, "logout", "bob")
    assert len(last["hash"]) == 64


@pytest.mark.parametrize("as_json", [False, True])
def test_client_data_is_printed_without_terminal_control_characters(
    sqlite_url: str, *, as_json: bool
) -> None:
    upgrade_database(sqlite_url)
    hostile = '\x1b]0;pwned\a\x1b[2J\r\n6 login \N{RIGHT-TO-LEFT OVERRIDE}\x9b31m\x7f\u2028"'
    with opened_audit_log(sqlite_url) as log:
        log.append([new_event(hostile, NOW, subject=hostile, agent=hostile, **{hostile: hostile})])
    output = run("tail", "--database", sqlite_url, *(["--json"] if as_json else [])).output
    assert output.count("\n") == 1
    assert output.rstrip("\n").isprintable()
    assert "x1b]0;pwned" in output or "u001b]0;pwned" in output


def test_value_cannot_look_like_another_one(sqlite_url: str) -> None:
    upgrade_database(sqlite_url)
    with opened_audit_log(sqlite_url) as log:
        log.append([new_event("login", NOW, agent='x" address="192.0.2.9')])
    assert run("tail", "--database", sqlite_url).output.endswith(
        'login agent="x\\" address=\\"192.0.2.9"\n'
    )


def test_backslash_in_a_value_does_not_end_it(sqlite_url: str) -> None:
    upgrade_database(sqlite_url)
    with opened_audit_log(sqlite_url) as log:
        log.append([new_event("login", NOW, agent='x\\" address=y')])
    line = run("tail", "--database", sqlite_url).output
    assert line.endswith('login agent="x\\\\\\" address=y"\n')


def test_altered_timestamp_is_shown_unchanged(filled: str) -> None:
    change(filled, "UPDATE watchword_audit SET at = 1e300 WHERE seq = 5")
    assert run("tail", "-n", "1", "--database", filled).output.startswith("5 1e+300 logout ")


def test_verify_reports_an_intact_log_and_its_head(filled: str) -> None:
    result = run("verify", "--database", filled)
    assert result.exit_code == 0
    assert result.output.startswith("Intact: 5 entries, head 5:")
    noted = result.output.split()[-1]
    again = run("verify", "--database", filled, "--noted", noted)
    assert (again.exit_code, again.output) == (0, result.output)


def test_verify_names_the_first_invalid_entry_and_exits_with_1(filled: str) -> None:
    change(filled, "UPDATE watchword_audit SET address = '192.0.2.2' WHERE seq IN (2, 4)")
    result = run("verify", "--database", filled)
    assert result.exit_code == 1
    assert result.output == (
        "Broken at entry 2: entry 2 was altered or inserted, or the previous one was altered.\n"
    )
    verdict = run("verify", "--json", "--database", filled)
    assert verdict.exit_code == 1
    assert json.loads(verdict.output)["broken_at"] == 2


def test_verify_detects_a_rewritten_log_by_its_recorded_head(filled: str) -> None:
    noted = json.loads(run("verify", "--json", "--database", filled).output)["head"]
    change(filled, "DELETE FROM watchword_audit_head")
    change(filled, "DELETE FROM watchword_audit")
    assert run("verify", "--database", filled).exit_code == 0
    assert run("verify", "--database", filled, "--noted", noted).exit_code == 1


@pytest.mark.parametrize("noted", ["5", "x:y", "0:" + "0" * 64, "5:" + "0" * 63, "٥:" + "0" * 64])
def test_malformed_recorded_head_is_rejected(noted: str) -> None:
    assert run("verify", "--noted", noted).exit_code == 2


@pytest.mark.parametrize("command", ["tail", "verify", "trim --older-than 365"])
def test_missing_database_is_one_line_and_is_not_created(command: str) -> None:
    result = run(*command.split())
    assert result.exit_code == 1
    assert result.output.startswith("Error: there is no database at ")
    assert list(Path().iterdir()) == []


@pytest.fixture
def aged(database_url: str) -> str:
    """A database with an audit log of 1,203 entries, all but three of them a year old."""
    upgrade_database(database_url)
    now = system_clock()
    ages = [400 * DAY] * 1200 + [20 * DAY, 400 * DAY, 1.0]
    with opened_audit_log(database_url) as log:
        log.append([new_event("login", now - age, subject=str(n)) for n, age in enumerate(ages)])
    return database_url


def test_trim_deletes_old_entries_and_the_rest_verifies(aged: str) -> None:
    noted = json.loads(run("verify", "--json", "--database", aged).output)["head"]
    result = run("trim", "--older-than", "365", "--database", aged)
    assert (result.exit_code, result.output) == (
        0,
        "Deleted entries: 1200. The log now begins with entry 1201.\n",
    )
    assert run("verify", "--database", aged).output.startswith("Intact: 4 entries, head 1204:")
    assert run("verify", "--database", aged, "--noted", noted).exit_code == 0
    last = json.loads(run("tail", "-n", "1", "--json", "--database", aged).output)
    assert (last["event"], last["detail"]["until"]) == ("audit_trimmed", 1200)
    assert last["detail"]["actor"] == "command line"


def test_trim_without_old_entries_says_so_and_adds_nothing(aged: str) -> None:
    run("trim", "--older-than", "365", "--database", aged)
    again = run("trim", "--older-than", "365", "--database", aged, "--json")
    assert json.loads(again.output) == {"entries": 0, "first": 1201}
    assert run("verify", "--database", aged).output.startswith("Intact: 4 entries, head 1204:")


def test_log_trimmed_completely_can_be_extended(aged: str) -> None:
    change(aged, "DELETE FROM watchword_audit WHERE seq > 1200")
    change(aged, "DELETE FROM watchword_audit_head")
    run("trim", "--older-than", "365", "--database", aged)
    assert run("verify", "--database", aged).output.startswith("Intact: 1 entries, head 1201:")


def test_trim_deletes_nothing_from_an_altered_log(aged: str) -> None:
    change(aged, "UPDATE watchword_audit SET subject = 'eve' WHERE seq = 700")
    result = run("trim", "--older-than", "365", "--database", aged)
    assert result.exit_code == 1
    assert result.output.startswith("Error: nothing deleted: entry 700 was altered")
    assert len(run("tail", "-n", "2000", "--database", aged).output.splitlines()) == 1203


def test_verify_reports_that_the_recorded_entry_was_trimmed(aged: str) -> None:
    with opened_audit_log(aged) as log:
        (entry,), (last,) = log.after(999, 1), log.after(1199, 1)
    run("trim", "--older-than", "365", "--database", aged)
    told = run("verify", "--database", aged, "--noted", f"{entry.seq}:{entry.hash}")
    assert told.exit_code == 1
    assert "the expected entry 1000 is before the first one, 1201" in told.output
    # The chain begins with the hash of the last deleted entry: that still reveals a new chain.
    assert run("verify", "--database", aged, "--noted", f"1200:{last.hash}").exit_code == 0
    assert run("verify", "--database", aged, "--noted", f"1200:{entry.hash}").exit_code == 1


@pytest.mark.parametrize("days", ["0", "-1", "a year"])
def test_trim_requires_days(days: str) -> None:
    assert run("trim", f"--older-than={days}").exit_code == 2
    assert run("trim").exit_code == 2
