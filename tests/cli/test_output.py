"""Output of every command: one format, and no terminal control characters."""

import json
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner, Result

from flask_watchword.cli import output
from flask_watchword.cli.flask_cli import watchword as in_flask
from flask_watchword.cli.main import main
from flask_watchword.service.load_settings import read_settings
from flask_watchword.service.stores import opened_stores
from flask_watchword.sessions.requester import Requester
from flask_watchword.sessions.session import Lifetimes, new_session

PASSWORD = "correct horse battery staple"
#: Sets a window's title, changes colours, and imitates a column, a line and markup.
AGENT = "\x1b]0;owned\x07\x1b[31m\tfield\nline [bold]x[/bold]\u202e"
LIVES = Lifetimes()

#: Commands that print no table, or nothing.
WITHOUT_JSON = {"watchword serve", "watchword keys export-public"}


def every(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for part, one in command.commands.items():
            yield from every(one, f"{name} {part}")
    else:
        yield name, command


COMMANDS = dict([*every(main, "watchword"), *every(in_flask, "flask watchword")])


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(str(tmp_path))


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, arguments, input=typed)


def json_output(*arguments: str, typed: str = "") -> dict[str, object]:
    result = run(*arguments, "--json", typed=typed)
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    members: dict[str, object] = json.loads(line)
    return members


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_prints_json(name: str) -> None:
    options = {option for one in COMMANDS[name].params for option in one.opts}
    assert ("--json" in options) is (name not in WITHOUT_JSON)


def test_action_is_reported_as_one_object() -> None:
    json_output("db", "upgrade")
    added = json_output("user", "add", "ada@example.com", "--password-stdin", typed=PASSWORD)
    assert added["email"] == "ada@example.com"
    who = str(added["id"])
    assert json_output("user", "disable", who)["disabled_at"] is not None
    assert json_output("user", "enable", who)["disabled_at"] is None
    assert json_output("user", "roles", who, "reader")["roles"] == ["reader"]
    assert json_output("user", "scopes", who, "read")["scopes"] == ["read"]
    changed = json_output(
        "user", "set-password", who, "--password-stdin", typed="seven lazy otters juggle"
    )
    assert changed["password_changed_at"] is not None
    assert json_output("session", "end", who, "--all") == {"user_id": who, "ended": 0}
    assert json_output("keys", "rotate")["state"] in ("next", "active")
    assert json_output("db", "current")["revision"] == json_output("db", "upgrade")["revision"]
    assert json_output("audit", "verify")["whole"] is True
    assert json_output("user", "delete", who, "--yes")["id"] == who


@pytest.mark.parametrize("is_terminal", [False, True])
def test_client_data_is_printed_without_terminal_control_characters(
    is_terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    json_output("db", "upgrade")
    who = str(
        json_output("user", "add", "ada@example.com", "--password-stdin", typed=PASSWORD)["id"]
    )
    with opened_stores(read_settings({})) as stores:
        session = new_session(who, 4e9, LIVES, Requester("192.0.2.1", AGENT))
        stores.sessions.start(session, None, LIVES)
    monkeypatch.setattr(output, "is_terminal", lambda: is_terminal)
    monkeypatch.setenv("COLUMNS", "400")
    shown = run("session", "list", who).output
    assert session.id in shown
    assert "[bold]" in shown
    assert not set(AGENT) & {c for c in shown if not c.isprintable()} - set("\n\t")
    if not is_terminal:
        (line,) = shown.splitlines()
        assert line.count("\t") == 4
    (line,) = run("session", "list", who, "--json").output.splitlines()
    assert json.loads(line)["agent"] == AGENT


def test_sentence_is_printed_without_terminal_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.print_outcome("\x1b[31mred\x07", {}, as_json=False)
    assert capsys.readouterr().out.strip().isprintable()
