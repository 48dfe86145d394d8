"""What an import costs the importer: nobody pays for a part they did not ask for."""

import json
import subprocess
import sys

EXTRAS = {
    "alembic",
    "argon2",
    "granian",
    "nacl",
    "psycopg",
    "redis",
    "rich",
    "sqlalchemy",
    "valkey",
}

# Read in a fresh interpreter: this one has long imported everything.
REPORT = """
import json, sys
import {module}
print(json.dumps(sorted({{name.split(".")[0] for name in sys.modules}})))
"""


def packages_loaded_by(module: str) -> set[str]:
    """Return the top-level packages loaded once a fresh interpreter has imported the module."""
    answer = subprocess.run(
        [sys.executable, "-c", REPORT.format(module=module)],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return set(json.loads(answer.stdout))


def test_importing_the_extension_loads_nothing_of_the_extras() -> None:
    assert packages_loaded_by("flask_watchword") & EXTRAS == set()


def test_importing_the_extension_loads_only_its_three_dependencies_and_what_these_load() -> None:
    ours = packages_loaded_by("flask_watchword")
    theirs = packages_loaded_by("flask, jwt.algorithms, msgspec.json")
    third_party = ours - theirs - sys.stdlib_module_names
    assert third_party == {"flask_watchword"}


def test_importing_the_drop_in_loads_nothing_of_the_extras() -> None:
    assert packages_loaded_by("flask_watchword.dropin") & EXTRAS == set()


def test_importing_the_extension_does_not_load_flask_jwt_extended() -> None:
    assert "flask_jwt_extended" not in packages_loaded_by("flask_watchword")


def test_importing_the_command_line_loads_neither_flask_nor_the_extras() -> None:
    heavy = EXTRAS | {"flask", "werkzeug", "jinja2", "jwt", "cryptography"}
    assert packages_loaded_by("flask_watchword.cli") & heavy == set()


def test_asking_the_command_line_for_help_loads_neither_flask_nor_the_extras() -> None:
    heavy = EXTRAS | {"flask", "werkzeug", "jinja2", "jwt", "cryptography"}
    program = (
        "import contextlib, io, sys\n"
        "from flask_watchword.cli import main\n"
        "sys.argv = ['watchword', '--help']\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "    main()\n"
        "import json\n"
    )
    assert packages_loaded_by(f"json\n{program}") & heavy == set()
