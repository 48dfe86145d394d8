"""With ``--json`` an error is one object on standard error for every command."""

import importlib
import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import FlaskGroup, ScriptInfo

from flask_watchword.cli.failures import Code
from flask_watchword.cli.main import main
from tests.cli.test_output import COMMANDS, WITHOUT_JSON

PASSWORD = "correct horse battery staple"
WITH_JSON = sorted({*COMMANDS} - WITHOUT_JSON)
#: The first makes no prompt, and the second reports it as a finding.
NOT_OF_A_DATABASE = {"watchword token inspect", "watchword doctor"}
OF_A_DATABASE = [
    name for name in WITH_JSON if name.startswith("watchword ") and name not in NOT_OF_A_DATABASE
]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(words: list[str], typed: str = "") -> Result:
    program, *arguments = words
    if program == "watchword":
        return CliRunner().invoke(main, arguments, input=typed)
    # An application without a manager, so that commands that use it fail.
    info = ScriptInfo(create_app=lambda: Flask("shop"))
    return CliRunner().invoke(FlaskGroup(), arguments, input=typed, obj=info)


def arguments_of(command: click.Command) -> list[str]:
    """Return a value for every required argument and option."""
    file = Path("users.jsonl")
    file.write_text('{"email": "ada@example.com", "password": "' + PASSWORD + '"}\n')
    wanted = [one for one in command.params if isinstance(one, click.Argument) and one.required]
    options = [one for one in command.params if isinstance(one, click.Option) and one.required]
    return [
        *(str(file) if one.name == "file" else "ada@example.com" for one in wanted),
        *(word for one in options for word in (one.opts[0], "365")),
    ]


def error_of(result: Result) -> dict[str, Any]:
    output = json.loads(result.stderr.splitlines()[-1])
    assert output.keys() == {"error"}
    error: dict[str, Any] = output["error"]
    assert error.keys() == {"code", "message", "hint"}
    assert error["code"] in {*Code}
    assert error["message"]
    return error


@pytest.mark.parametrize("name", WITH_JSON)
def test_invalid_command_line_is_an_object_and_status_2(name: str) -> None:
    result = run([*name.split(), "--json", "--json=odd"])
    assert (result.exit_code, result.stdout) == (2, "")
    error = error_of(result)
    assert error["code"] == Code.USAGE
    assert "--json" in error["message"]
    assert error["hint"].endswith("--help")


@pytest.mark.parametrize("name", OF_A_DATABASE)
def test_store_that_cannot_be_opened_is_an_object(name: str) -> None:
    words = [*name.split(), *arguments_of(COMMANDS[name])]
    if name == "watchword session end":
        words.append("--all")
    result = run([*words, "--database", "mysql://nowhere/x", "--json"], "abc")
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert error_of(result)["code"] == Code.INVALID_SETTING
    assert len(result.stderr.splitlines()) == 1


def test_unknown_command_is_an_object() -> None:
    for words in (["nothing"], ["user", "nothing"]):
        result = run(["watchword", *words, "--json"])
        assert result.exit_code == 2
        assert error_of(result)["code"] == Code.USAGE


def test_hint_is_separate_from_the_message() -> None:
    run(["watchword", "db", "upgrade"])
    words = ["watchword", "user", "show", "nobody@example.com"]
    assert error_of(run([*words, "--json"])) == {
        "code": "no_such_user",
        "message": "there is no user 'nobody@example.com'",
        "hint": "see: watchword user list",
    }
    output = run(words)
    assert output.exit_code == 1
    assert output.stderr == (
        "Error: there is no user 'nobody@example.com'; see: watchword user list\n"
    )


@pytest.mark.server
def test_store_that_is_down_keeps_its_status(free_port: int) -> None:
    url = f"postgresql+psycopg://nobody@127.0.0.1:{free_port}/none"
    result = run(["watchword", "user", "list", "--json", "--database", url])
    assert (result.exit_code, error_of(result)["code"]) == (69, Code.STORE_UNAVAILABLE)


def test_declined_prompt_is_an_object() -> None:
    run(["watchword", "db", "upgrade"])
    run(["watchword", "user", "add", "ada@example.com", "--password-stdin"], PASSWORD)
    result = run(["watchword", "user", "delete", "ada@example.com", "--json"], "n\n")
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result)["code"] == Code.INTERRUPTED


def test_application_that_cannot_be_inspected_is_an_object() -> None:
    result = run(["flask", "watchword", "token", "verify", "--json"], "a.b.c")
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result)["code"] == Code.INVALID_SETTING


def test_rejected_rows_are_reported_completely_before_the_error() -> None:
    result = run(["flask", "watchword", "routes", "--fail-unguarded", "--json"])
    assert result.exit_code == 1
    assert [json.loads(line)["endpoint"] for line in result.stdout.splitlines()] == ["static"]
    assert error_of(result)["code"] == Code.UNGUARDED_ROUTES


def test_an_answer_that_is_no_is_no_error() -> None:
    result = run(["watchword", "token", "inspect", "--json"], "odd")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["verified"] is False
    assert "error" not in result.stderr


def test_word_after_two_hyphens_is_not_an_option() -> None:
    result = run(["watchword", "keys", "retire", "--", "--json"])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")


def test_ctrl_c_is_an_object_and_status_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    run(["watchword", "db", "upgrade"])
    # The package exports the command under the module's name.
    module = importlib.import_module("flask_watchword.service.features.admin_users.cli")
    monkeypatch.setattr(module, "_refuse_duplicate", interrupt)
    result = run(["watchword", "user", "add", "ada@example.com", "--json"])
    assert (result.exit_code, error_of(result)["code"]) == (130, Code.INTERRUPTED)
