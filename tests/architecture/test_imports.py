"""The cost of an import: no module loads packages that its users do not need."""

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

NOT_FOR_HELP = EXTRAS | {"cryptography", "flask", "jinja2", "jwt", "werkzeug"}

# Run in a fresh interpreter: this one has imported everything already.
REPORT = "import json, sys; print(json.dumps([name.split('.')[0] for name in sys.modules]))"

THE_EXTENSION = "from flask_watchword import JWTManager, create_access_token, jwt_required"
ASKING_FOR_HELP = """
import contextlib, io, sys
from flask_watchword.cli.main import main
sys.argv = ["watchword", "--help"]
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    main()
"""


def packages_loaded_by(program: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter loads to run the program."""
    answer = subprocess.run(
        [sys.executable, "-c", f"{program}\n{REPORT}"],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return set(json.loads(answer.stdout))


def test_importing_the_extension_loads_no_package_of_the_extras() -> None:
    assert packages_loaded_by(THE_EXTENSION) & EXTRAS == set()


def test_importing_the_extension_loads_only_its_three_dependencies_and_theirs() -> None:
    ours = packages_loaded_by(THE_EXTENSION)
    theirs = packages_loaded_by("import flask, jwt.algorithms, msgspec.json")
    assert ours - theirs - sys.stdlib_module_names == {"flask_watchword"}


def test_importing_the_drop_in_loads_no_package_of_the_extras() -> None:
    assert packages_loaded_by("import flask_watchword.dropin") & EXTRAS == set()


def test_importing_the_extension_does_not_load_flask_jwt_extended() -> None:
    assert "flask_jwt_extended" not in packages_loaded_by(THE_EXTENSION)


def test_commands_of_an_application_load_no_package_of_the_extras() -> None:
    assert packages_loaded_by("import flask_watchword.cli.flask_cli") & EXTRAS == set()


def test_importing_the_command_line_loads_neither_flask_nor_the_extras() -> None:
    assert packages_loaded_by("import flask_watchword.cli.main") & NOT_FOR_HELP == set()


def test_help_of_the_command_line_loads_neither_flask_nor_the_extras() -> None:
    assert packages_loaded_by(ASKING_FOR_HELP) & NOT_FOR_HELP == set()
