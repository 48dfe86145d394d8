"""Each extra installs everything that its purpose needs, in an empty environment."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.servers.postgres import running_postgres
from tests.servers.valkey import running_valkey

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements" / "dev.txt"

pytestmark = [pytest.mark.slow, pytest.mark.server]

SESSIONS = """
import sys
from importlib.util import find_spec
from flask import Flask
from flask_watchword import JWTManager, Sessions, jwt_required

app = Flask("shop")
app.config.update(JWT_SECRET_KEY="k" * 64, WATCHWORD_SESSION_STORE=sys.argv[1])
JWTManager(app)
sessions = Sessions(app)

@app.post("/login")
def login():
    return vars_of(sessions.start("ada"))

@app.post("/refresh")
@jwt_required(refresh=True)
def refresh():
    return vars_of(sessions.refresh())

@app.post("/logout")
@jwt_required()
def logout():
    return {"ended": sessions.end()}

def vars_of(pair):
    return {"access": pair.access_token, "refresh": pair.refresh_token}

def bearing(token):
    return {"Authorization": f"Bearer {token}"}

client = app.test_client()
pair = client.post("/login").get_json()
pair = client.post("/refresh", headers=bearing(pair["refresh"])).get_json()
assert client.post("/logout", headers=bearing(pair["access"])).get_json() == {"ended": True}
assert client.post("/logout", headers=bearing(pair["access"])).status_code == 401
sessions.close()
print(*(name for name in ("granian", "flask_swagger_ui", "argon2") if find_spec(name)))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = str(tmp_path_factory.mktemp("dist"))
    return Path(next(WheelBuilder(str(ROOT)).build(directory=folder, versions=["standard"])))


@pytest.fixture(scope="module")
def constraints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The releases of the lock file, without hashes, which are required for all or none."""
    pins = re.findall(r"^[\w.\[\]-]+==\S+", LOCK.read_text(), re.MULTILINE)
    file = tmp_path_factory.mktemp("constraints") / "pins.txt"
    file.write_text("\n".join(pins))
    return file


class Environment:
    """A virtual environment with only the package and one extra."""

    def __init__(self, folder: Path, wheel: Path, extra: str, constraints: Path) -> None:
        self._folder = folder
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, timeout=120)
        package = f"{wheel}[{extra}]" if extra else str(wheel)
        pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        self.python(*pip, "--constraint", str(constraints), package)

    def python(self, *arguments: str) -> str:
        """Run Python, and return its output."""
        return self._run("python", *arguments).stdout.strip()

    def refused(self, *arguments: str) -> str:
        """Run the ``watchword`` command, which fails, and return its error."""
        ran = self._run("watchword", *arguments, check=False)
        assert (ran.returncode, ran.stdout) == (1, "")
        return ran.stderr

    def _run(
        self, program: str, *arguments: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        ran = subprocess.run(
            [self._folder / "venv" / "bin" / program, *arguments],
            capture_output=True,
            cwd=self._folder,
            text=True,
            timeout=600,
        )
        assert ran.returncode == 0 or not check, ran.stderr
        return ran


@pytest.fixture
def environment(
    request: pytest.FixtureRequest, tmp_path: Path, wheel: Path, constraints: Path
) -> Environment:
    return Environment(tmp_path, wheel, request.param, constraints)


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "postgres":
        with running_postgres() as server:
            yield server.url.render_as_string(hide_password=False)
    elif request.param == "valkey":
        with running_valkey() as server:
            yield server.url
    else:
        yield {"sqlite": f"sqlite:///{tmp_path}/sessions.db", "": "memory://"}[request.param]


@pytest.mark.parametrize(
    ("environment", "place"),
    [(extra, extra) for extra in ("", "sqlite", "postgres", "valkey")],
    indirect=True,
)
def test_sessions_work_without_the_service_extra(environment: Environment, place: str) -> None:
    assert environment.python("-c", SESSIONS, place) == ""
    assert environment.refused("user", "list").endswith(
        " is not installed; the extra `service` brings it: pip install 'Flask-Watchword[service]'\n"
    )


@pytest.mark.parametrize("environment", ["service"], indirect=True)
def test_service_needs_no_other_extra(environment: Environment) -> None:
    environment.python("-m", "flask_watchword.cli", "db", "upgrade")
    environment.python("-m", "flask_watchword.cli", "user", "list")
