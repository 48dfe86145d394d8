"""Every command that reads settings reads ``.env`` in its working directory."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import WATCHWORD

COMMANDS = (
    ("serve",),
    ("doctor",),
    ("token", "verify"),
    ("user", "add", "ada@example.com"),
    ("user", "list"),
    ("user", "disable", "ada@example.com"),
    ("session", "list", "ada@example.com"),
    ("keys", "list"),
    ("audit", "tail"),
    ("audit", "verify"),
    ("db", "upgrade"),
    ("db", "current"),
    ("purge",),
)


@pytest.mark.server
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_invalid_setting_in_the_file_stops_every_command_in_one_line(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("WATCHWORD_DATABASE=mysql://user:a-password@host/name\n")
    (tmp_path / ".env").chmod(0o600)
    done = subprocess.run(
        [*WATCHWORD, *command], cwd=tmp_path, input="x\nx\n", capture_output=True, text=True
    )
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "WATCHWORD_DATABASE: is not a URL like" in said
    assert "a-password" not in said
    assert "Traceback" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env"]
