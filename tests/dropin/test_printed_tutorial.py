"""The tutorial exactly as printed: with a changed import, and unchanged under the drop-in."""

from pathlib import Path

import pytest

from tests.dropin.printed_tutorial import PROGRAM
from tests.dropin.runs import DROP_IN, PROGRAMS, run_python, run_tests

CHANGED = PROGRAM.replace("from flask_jwt_extended import", "from flask_watchword import")
WAYS = {"changed-import": (CHANGED, ()), "drop-in": (PROGRAM, DROP_IN)}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, ...]:
    """Return the command before the program, which is in the directory as ``tutorial.py``."""
    program, how = WAYS[request.param]
    (tmp_path / "tutorial.py").write_text(program)
    return how


def test_one_line_is_changed() -> None:
    assert CHANGED.count("flask_watchword") == 1
    assert "flask_jwt_extended" not in CHANGED


def test_every_route_handles_valid_and_invalid_input(way: tuple[str, ...], tmp_path: Path) -> None:
    name = "printed_tutorial_routes.py"
    (tmp_path / f"test_{name}").write_text((PROGRAMS / name).read_text())
    done = run_tests(*way, files=[f"test_{name}"], cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_script_runs_to_its_last_line(way: tuple[str, ...], tmp_path: Path) -> None:
    # As Flask tells a script that its own command has loaded: `app.run` starts no server.
    environment = {"FLASK_RUN_FROM_CLI": "true"}
    done = run_python(*way, "tutorial.py", cwd=tmp_path, environment=environment)
    assert done.returncode == 0, done.stderr
    assert "Ignoring a call to 'app.run()'" in done.stdout + done.stderr
