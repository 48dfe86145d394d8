"""A command that cannot run reports the reason in one line."""

import subprocess
import sys
from pathlib import Path

import pytest

# The modules of the extra are installed in the test environment; None in sys.modules hides one.
HIDING = """
import sys
sys.modules[{module!r}] = None
from flask_watchword.cli.main import main
sys.argv = ["watchword", {command!r}, {argument!r}]
main()
"""


@pytest.mark.parametrize(
    ("module", "command", "argument"),
    [
        ("sqlalchemy", "serve", "--demo"),
        ("granian", "serve", "--demo"),
        ("argon2", "serve", "--demo"),
        ("sqlalchemy", "user", "list"),
        ("argon2", "user", "list"),
    ],
)
def test_missing_extra_is_named_in_one_line(
    module: str, command: str, argument: str, tmp_path: Path
) -> None:
    program = HIDING.format(module=module, command=command, argument=argument)
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path
    )
    assert run.returncode == 1
    assert run.stderr == (
        f"Error: {module} is not installed; the extra `service` brings it: "
        "pip install 'Flask-Watchword[service]'\n"
    )
