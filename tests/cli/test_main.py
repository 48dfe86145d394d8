from importlib.metadata import version

import pytest
from click.testing import CliRunner

from flask_watchword.cli.main import main


def test_version_is_that_of_the_distribution() -> None:
    result = CliRunner().invoke(main, ["--version"])
    assert result.exit_code == 0
    assert result.output == f"watchword, version {version('Flask-Watchword')}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], ["db", "purge", "serve", "user", "WATCHWORD_DATABASE"]),
        (["db", "--help"], ["upgrade", "current"]),
        (["db", "upgrade", "--help"], ["--database"]),
        (["purge", "--help"], ["--database", "--store", "WATCHWORD_SESSION_STORE", "--json"]),
        (["serve", "-h"], ["--host", "--port", "--workers", "--database", "--demo"]),
        (["user", "--help"], ["add", "list"]),
        (["user", "add", "--help"], ["EMAIL", "--password-stdin", "--database"]),
    ],
)
def test_help_lists_the_commands(arguments: list[str], words: list[str]) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0
    assert [word for word in words if word not in result.output] == []


@pytest.mark.parametrize(
    "arguments",
    [["nothing"], ["serve", "--port", "0"], ["serve", "--workers", "0"], ["user", "add"]],
)
def test_invalid_command_line_exits_with_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, arguments).exit_code == 2
