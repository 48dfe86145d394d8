"""A package that is not installed is reported as the command that installs it, in one line."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

from flask_watchword import extras
from flask_watchword.extras import PACKAGES, MissingExtra, require

ROOT = Path(__file__).parents[2]

# Runs each program in an interpreter without any of the packages, and prints the result.
RUNNER = """
import sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] not in sys.argv[1].split(","):
            return super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without

from flask import Flask
import flask_watchword as fw

def application(**options):
    app = Flask("shop")
    app.config.update(JWT_SECRET_KEY="k" * 64, **options)
    return app

def sessions(place):
    app = application(WATCHWORD_SESSION_STORE=place)
    fw.JWTManager(app)
    fw.Sessions(app)

def service(**options):
    app = Flask("shop")
    app.config.update(WATCHWORD_MASTER_KEY="A" * 43, **options)
    fw.Watchword(app)

def asynchronous_loader():
    app = application()
    manager = fw.JWTManager(app)

    @manager.token_in_blocklist_loader
    async def is_revoked(_header, _claims):
        return False

    with app.test_request_context():
        token = fw.create_access_token("ada")
    with app.test_request_context(headers={"Authorization": f"Bearer {token}"}):
        fw.verify_jwt_in_request()

def ed25519():
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from flask_watchword.jose import Key
    key = Key.load(Ed25519PrivateKey.generate(), "EdDSA")
    assert key.verify(b"text", key.sign(b"text"))

for program in sys.argv[2:]:
    try:
        exec(program)
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
    else:
        print("fine")
"""


def outcomes(hidden: str, *programs: str, folder: Path) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUNNER, hidden, *programs],
        capture_output=True,
        check=True,
        cwd=folder,
        text=True,
        timeout=120,
    )
    return ran.stdout.splitlines()


def brings(package: str, extra: str) -> str:
    return (
        f"{package} is not installed; the extra `{extra}` brings it: "
        f"pip install 'Flask-Watchword[{extra}]'"
    )


POSTGRES = "'postgresql://ada@127.0.0.1:1/shop'"


@pytest.mark.parametrize(
    ("hidden", "expected"),
    [
        (
            "sqlalchemy",
            {
                "fw.Watchword": f"MissingExtra: {brings('sqlalchemy', 'service')}",
                "import flask_watchword.service.configuration.settings": (
                    f"MissingExtra: {brings('sqlalchemy', 'service')}"
                ),
                "sessions('sqlite:///sessions.db')": (
                    f"RuntimeError: WATCHWORD_SESSION_STORE: {brings('sqlalchemy', 'sqlite')}"
                ),
                f"sessions({POSTGRES})": (
                    f"RuntimeError: WATCHWORD_SESSION_STORE: {brings('sqlalchemy', 'postgres')}"
                ),
                "sessions('memory://')": "fine",
            },
        ),
        (
            "psycopg",
            {
                f"sessions({POSTGRES})": (
                    f"RuntimeError: WATCHWORD_SESSION_STORE: {brings('psycopg', 'postgres')}"
                ),
                f"service(WATCHWORD_DATABASE={POSTGRES})": (
                    f"MissingExtra: {brings('psycopg', 'postgres')}"
                ),
                "sessions('sqlite:///sessions.db')": "fine",
            },
        ),
        (
            # psycopg without psycopg-binary, on a machine without libpq
            "psycopg_binary,psycopg_c,ctypes",
            {
                f"sessions({POSTGRES})": (
                    f"RuntimeError: WATCHWORD_SESSION_STORE: {brings('psycopg', 'postgres')}"
                ),
            },
        ),
        (
            "valkey,redis",
            {
                "sessions('valkey://127.0.0.1:1/0')": (
                    f"RuntimeError: WATCHWORD_SESSION_STORE: {brings('valkey', 'valkey')}"
                ),
                "service(WATCHWORD_VALKEY='valkey://127.0.0.1:1/0')": (
                    f"InvalidSetting: WATCHWORD_VALKEY: {brings('valkey', 'valkey')}"
                ),
            },
        ),
        # All dependencies of the service that sessions in SQLite do not need.
        (
            ",".join(sorted(set(PACKAGES["service"]) - set(PACKAGES["sqlite"]))),
            {
                "sessions('sqlite:///sessions.db')": "fine",
                "ed25519()": "fine",
                "fw.Watchword": f"MissingExtra: {brings('argon2', 'service')}",
            },
        ),
        (
            "asgiref",
            {
                "asynchronous_loader()": (
                    "RuntimeError: asynchronous_loader.<locals>.is_revoked is asynchronous, which "
                    "needs asgiref: pip install 'Flask[async]'"
                )
            },
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_missing_package_is_an_error_that_says_how_to_install_it(
    hidden: str, expected: dict[str, str], tmp_path: Path
) -> None:
    assert outcomes(hidden, *expected, folder=tmp_path) == [*expected.values()]


def plain(distribution: str) -> str:
    return distribution.lower().replace("_", "-")


def test_packages_of_each_extra_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    distributions = packages_distributions()
    named = {
        extra: {plain(distribution) for name in names for distribution in distributions[name]}
        for extra, names in PACKAGES.items()
    }
    wanted = {
        extra: {plain(re.split(r"[\[<>=]", requirement)[0]) for requirement in requirements}
        for extra, requirements in project["optional-dependencies"].items()
    }
    assert named == wanted


@pytest.mark.parametrize("package", PACKAGES["service"])
def test_every_package_of_an_extra_is_checked_for(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    require("service")
    monkeypatch.setattr(
        extras, "find_spec", lambda name: None if name == package else find_spec(name)
    )
    with pytest.raises(MissingExtra) as missing:
        require("service")
    assert str(missing.value) == brings(package, "service")
    assert missing.value.name == package
