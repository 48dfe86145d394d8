"""Every code block of the migration guide does what the guide says."""

import re
import shlex
from pathlib import Path

import pytest

from tests.dropin.runs import DROP_IN, output_of, run_python, serving

GUIDE = Path(__file__).parents[2] / "docs" / "extension" / "migration.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

BLOCKS = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
#: The code blocks that are files, by the name in their first line.
FILES = {
    text.splitlines()[0].removeprefix("# "): text
    for language, text in BLOCKS
    if language == "python"
}
COMMANDS = [
    shlex.split(line, comments=True)
    for language, text in BLOCKS
    if language == "sh"
    for line in text.splitlines()
]
# Python's own, and that of the drop-in.
WAYS = {"python": (), "drop-in": DROP_IN}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory with all the guide's files."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_every_block_is_a_file_or_commands() -> None:
    assert {language for language, _ in BLOCKS} == {"python", "sh"}
    assert all(name.endswith(".py") for name in FILES)
    assert all(command[:3] == ["python", *DROP_IN] for command in COMMANDS)


def test_two_applications_differ_by_one_import() -> None:
    before, after = FILES["before.py"], FILES["after.py"]
    assert (
        before.replace("before.py", "after.py").replace("flask_jwt_extended", "flask_watchword")
        == after
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FILES)
def test_each_file_runs(folder: Path, name: str, way: str) -> None:
    output_of(*WAYS[way], name, cwd=folder)


@pytest.mark.parametrize("name", ["before.py", "after.py"])
def test_two_applications_accept_each_others_tokens(folder: Path, name: str) -> None:
    (folder / "exchange.py").write_text(
        "import before, after\n"
        f"ours, theirs = (before, after) if {name!r} == 'before.py' else (after, before)\n"
        "token = theirs.app.test_client().post('/login').json['access_token']\n"
        "headers = {'Authorization': f'Bearer {token}'}\n"
        "print(ours.app.test_client().get('/whoami', headers=headers).json)\n"
    )
    assert output_of("exchange.py", cwd=folder).strip() == "alice"


def test_handlers_of_the_application_are_called(folder: Path) -> None:
    (folder / "ask.py").write_text(
        "from datetime import timedelta\n"
        "from errors import app\n"
        "from flask_watchword import create_access_token\n"
        "with app.app_context():\n"
        "    token = create_access_token('alice', expires_delta=timedelta(seconds=-1))\n"
        "client = app.test_client()\n"
        "print(client.get('/whoami').json['error'])\n"
        "headers = {'Authorization': f'Bearer {token}'}\n"
        "print(client.get('/whoami', headers=headers).json['error'])\n"
    )
    assert output_of("ask.py", cwd=folder).splitlines() == ["log in first", "log in again"]


def test_server_loads_an_application_on_watchword(folder: Path) -> None:
    program = "import wsgi, flask_jwt_extended; print('dropin' in flask_jwt_extended.__file__)"
    assert output_of("-c", program, cwd=folder).strip() == "True"


def test_release_3_names_warn_with_their_replacements(folder: Path) -> None:
    done = run_python("-W", "always::DeprecationWarning", "release3.py", cwd=folder)
    for spelling in ("token_in_blocklist_loader", "jwt_required()", "jwt_required(optional=True)"):
        assert f"use {spelling}" in done.stderr.replace("@", "")


@pytest.mark.parametrize(
    "command", [command for command in COMMANDS if command[-1] != "run"], ids=" ".join
)
def test_each_command_runs(folder: Path, command: list[str]) -> None:
    output_of(*command[1:], cwd=folder)


@pytest.mark.server
@pytest.mark.parametrize(
    "command", [command for command in COMMANDS if command[-1] == "run"], ids=" ".join
)
def test_each_serving_command_serves(folder: Path, command: list[str]) -> None:
    program = command[len(["python", *DROP_IN]) :]
    with serving(*program, "--port", "0", cwd=folder) as port:
        assert port
