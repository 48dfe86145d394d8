"""``watchword token``: input of a token, and the output about an unverified token."""

import json
import os
import pty
import re
import subprocess
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flask_watchword.cli.main import main
from tests.cli.conftest import WATCHWORD
from tests.jose.forging import forge

NOW = int(time.time())
#: Independent of when this file was imported.
EXPIRED = re.compile(r"expired \d+ min( \d+ s)? ago, at \d{4}-")
TOKEN = forge({"sub": "ada", "exp": NOW - 192, "csrf": "hush-hush", "roles": ["a"]})


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def inspect(*arguments: str, typed: str | bytes = "") -> Result:
    return CliRunner().invoke(main, ["token", "inspect", *arguments], input=typed)


def test_claims_are_shown_as_unverified() -> None:
    result = inspect(typed=TOKEN)
    assert result.exit_code == 0, result.output
    assert result.stderr.startswith("NOTHING HERE IS VERIFIED: ")
    rows = dict(line.split("\t") for line in result.stdout.splitlines())
    assert rows["header alg"] == "HS256"
    assert rows["claim sub"] == "ada"
    assert EXPIRED.match(rows["claim exp"])
    assert rows["claim roles"] == '["a"]'
    assert rows["signature"] == "43 characters, not verified"


def test_json_is_one_object_marked_as_unverified() -> None:
    result = inspect("--json", typed=TOKEN)
    (line,) = result.stdout.splitlines()
    found = json.loads(line)
    assert found["verified"] is False
    assert found["claims"]["exp"] == NOW - 192
    assert EXPIRED.match(found["dates"]["exp"])


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_signature_and_csrf_value_are_not_shown(options: tuple[str, ...]) -> None:
    output = inspect(*options, typed=TOKEN).output
    assert "hush-hush" not in output
    assert TOKEN.rpartition(".")[2] not in output


def test_neither_a_database_nor_settings_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHWORD_DATABASE", "nowhere")
    assert inspect(typed=TOKEN).exit_code == 0
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    "token", ["garbage", "a.b.c", f"{TOKEN}.x", "x" * 9000, "tökén.å.ß", "\x1b[2J"]
)
def test_malformed_token_is_shown_with_its_defect(token: str) -> None:
    result = inspect("--json", typed=token)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["fault"]


@pytest.mark.parametrize(
    "prefix", ["", "Bearer ", "Authorization: Bearer ", "authorization: bearer ", "\n "]
)
def test_token_may_have_a_header_prefix(prefix: str) -> None:
    result = inspect(typed=f"{prefix}{TOKEN}\n")
    assert "claim sub\tada" in result.stdout
    assert result.exit_code == 0


def test_token_may_be_read_from_a_file() -> None:
    Path("token.txt").write_text(f"{TOKEN}\n")
    assert inspect("token.txt").stdout == inspect("-", typed=TOKEN).stdout


@pytest.mark.parametrize("typed", ["", " \n", "Bearer \n"])
def test_missing_token_is_a_usage_error(typed: str) -> None:
    result = inspect(typed=typed)
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize("command", ["inspect", "verify"])
def test_token_as_an_argument_is_rejected_and_not_repeated(command: str) -> None:
    result = CliRunner().invoke(main, ["token", command, TOKEN])
    assert result.exit_code == 2
    assert "not as an argument" in result.stderr
    assert TOKEN[:20] not in result.output


def test_line_truncated_by_the_terminal_is_not_a_token() -> None:
    ours, its = pty.openpty()
    try:
        process = subprocess.Popen(
            [*WATCHWORD, "token", "inspect"],
            stdin=its,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stderr is not None
        prompt = process.stderr.read(len("Token"))
        # Not all at once, because the terminal's buffer is limited until the command reads it.
        os.write(ours, b"x" * 3_000)
        os.write(ours, b"x" * 3_000 + b"\n")
        _, told = process.communicate(timeout=60)
    finally:
        os.close(ours)
        os.close(its)
    assert prompt == b"Token"
    assert process.returncode == 2
    assert b"use a file" in told


def test_token_is_prompted_for_on_a_terminal_without_echo() -> None:
    ours, its = pty.openpty()
    try:
        process = subprocess.Popen(
            [*WATCHWORD, "token", "inspect"], stdin=its, stdout=subprocess.PIPE, stderr=its
        )
        os.close(its)
        prompt = b""
        while b"Token:" not in prompt:
            prompt += os.read(ours, 1000)
        os.write(ours, f"{TOKEN}\n".encode())
        told, _ = process.communicate(timeout=60)
        rest = os.read(ours, 10_000)
    finally:
        os.close(ours)
    assert b"claim sub\tada" in told
    assert b"NOTHING HERE IS VERIFIED" in rest
    assert TOKEN.encode() not in prompt + rest
