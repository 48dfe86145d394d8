"""The compose file, and the secrets that are generated for it."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from compose_spec import PyCompose
from sqlalchemy import make_url

from flask_watchword.keys.master_key import read_master_keys
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.features.metrics.settings import METRICS_TOKEN
from flask_watchword.service.load_settings import read_settings
from tests.docs.pages import ROOT, text_of
from tests.servers.valkey import running_valkey

FOLDER = ROOT / "deploy"
COMPOSE = FOLDER / "compose.yaml"
NODES = ["node-a", "node-b"]

# tests/cli/nodes measures how many PostgreSQL connections one worker takes.
CONNECTIONS_OF_A_WORKER = 16


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Return every service, validated against the specification: unknown members are rejected."""
    found: dict[str, Any] = PyCompose.from_yaml(text_of(COMPOSE)).to_dict()["services"]
    return found


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """Generate the secrets as an operator does, in another directory."""
    script = shutil.copy(FOLDER / "make-secrets.sh", tmp_path)
    subprocess.run([script], check=True, timeout=60, capture_output=True)
    return tmp_path / "secrets"


@pytest.fixture
def settings(services: dict[str, Any], secrets: Path) -> Settings:
    """Read the settings of a node."""
    given = services["node-a"]["environment"]
    return read_settings(
        {name: str(value).replace("/run/secrets", str(secrets)) for name, value in given.items()}
    )


def test_docker_compose_accepts_the_file(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    if docker is None or _run([docker, "compose", "version"]).returncode:
        pytest.skip("there is no docker compose here")
    done = _run([docker, "compose", "--file", COMPOSE, "config", "--quiet"])
    assert (done.returncode, done.stderr) == (0, "")


def test_only_the_proxy_is_reachable_and_only_from_this_machine(services: dict[str, Any]) -> None:
    published = {name: one["ports"] for name, one in services.items() if one.get("ports")}
    assert list(published) == ["proxy"]
    assert re.findall(r'- "([^"]+)"', text_of(COMPOSE)) == ["127.0.0.1:8080:8080"]


def test_nodes_are_identical_and_write_only_to_tmp(services: dict[str, Any]) -> None:
    first, second = (services[name] for name in NODES)
    assert first == second
    assert first["read_only"] is True
    assert first["cap_drop"] == ["ALL"]


def test_every_service_has_a_health_check_and_is_restarted(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["restart"] == "unless-stopped", name
        assert "healthcheck" in service or name in NODES, "those have the image's"


def test_file_contains_no_secret(services: dict[str, Any]) -> None:
    for name, service in services.items():
        arguments = " ".join(
            [*service.get("environment", {}), *map(str, service.get("command", []))]
        )
        assert re.findall(r"(?:PASSWORD|KEY|TOKEN)\b(?!_FILE)", arguments) == [], name


def test_every_named_secret_is_generated_and_readable_by_its_owner_only(
    services: dict[str, Any], secrets: Path
) -> None:
    declared = PyCompose.from_yaml(text_of(COMPOSE)).to_dict()["secrets"]
    used = {name for service in services.values() for name in service.get("secrets", [])}
    assert used == set(declared)
    assert {Path(one["file"]).name for one in declared.values()} == used
    assert {path.name for path in secrets.iterdir()} == used
    assert secrets.stat().st_mode & 0o777 == 0o700
    # Compose mounts the files as they are, and the users in the containers are not the owner.
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o644}


def test_secrets_are_generated_once(secrets: Path) -> None:
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    again = _run([secrets.parent / "make-secrets.sh"])
    assert again.returncode == 1
    assert "already exists" in again.stderr
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before


def test_node_accepts_its_settings(settings: Settings, secrets: Path) -> None:
    assert settings.master_key is not None
    assert len(read_master_keys(settings.master_key)) == 1
    url = make_url(settings.database)
    assert url.password == (secrets / "postgres-password").read_text().strip()
    assert (url.host, url.username, url.database) == ("postgres", "watchword", "watchword")
    assert settings.trusted_proxies == 1
    assert settings[METRICS_TOKEN]


def test_postgresql_has_enough_connections_for_all_nodes(
    services: dict[str, Any], settings: Settings
) -> None:
    (limit,) = re.findall(r"max_connections=(\d+)", str(services["postgres"]["command"]))
    # With a third node, while one replaces another.
    assert int(limit) >= (len(NODES) + 1) * settings.workers * CONNECTIONS_OF_A_WORKER + 10


@pytest.mark.server
def test_valkey_persists_its_data_and_has_the_password_of_the_nodes(
    settings: Settings, secrets: Path
) -> None:
    lines = (secrets / "valkey.conf").read_text().splitlines()
    arguments = dict(line.split(" ", 1) for line in lines)
    assert arguments.pop("dir") == "/data"
    assert settings.valkey == f"valkey://:{arguments.pop('requirepass')}@valkey:6379/0"
    with running_valkey(**arguments) as server, server.client() as client:
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def _run(command: list[Any]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
