"""Secrets that are weak, reused, or readable by others."""

import secrets
from pathlib import Path
from typing import Any

import pytest

from flask_watchword.extension.checks.results import Level
from flask_watchword.service.checks.secrets import check_files, check_shared, check_weak
from flask_watchword.service.configuration.settings import Settings

STRONG = secrets.token_urlsafe(32)
OTHER = secrets.token_urlsafe(32)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("WATCHWORD_MASTER_KEY", {"master_key": "A" * 43}),
        ("WATCHWORD_MASTER_KEY", {"master_key": f"{STRONG},{'A' * 43}"}),
        ("WATCHWORD_METRICS_TOKEN", {"of_features": {"metrics_token": "changeme" * 8}}),
        (
            "WATCHWORD_METRICS_TOKEN",
            {"of_features": {"metrics_token": "metrics-secret-of-our-service"}},
        ),
        ("WATCHWORD_DATABASE", {"database": "postgresql+psycopg://watchword:postgres@db/name"}),
        ("WATCHWORD_VALKEY", {"valkey": "valkey://:password@cache:6379/0"}),
        ("WATCHWORD_SMTP", {"smtp": "smtp://mail:change%2Dme%2Dnow@mail:587"}),
    ],
)
def test_weak_secret_is_a_problem_and_is_not_printed(name: str, given: dict[str, Any]) -> None:
    found = check_weak(Settings(**given))
    assert found.level is Level.PROBLEM
    assert name in found.says
    assert found.remedy
    (value,) = given.get("of_features", given).values()
    assert value not in found.says + found.remedy


def test_random_secrets_are_fine() -> None:
    settings = Settings(
        database=f"postgresql+psycopg://watchword:{OTHER}@db/name",
        master_key=STRONG,
        of_features={"metrics_token": secrets.token_urlsafe(24)},
    )
    assert check_weak(settings).level is Level.OK
    assert check_shared(settings).level is Level.OK


@pytest.mark.parametrize(
    "given",
    [
        {"master_key": STRONG, "of_features": {"metrics_token": STRONG}},
        {"master_key": f"{OTHER},{STRONG}", "of_features": {"metrics_token": STRONG}},
        {"of_features": {"metrics_token": STRONG}, "valkey": f"valkey://:{STRONG}@cache:6379/0"},
        {
            "valkey": f"valkey://:{STRONG}@cache:6379/0",
            "database": f"postgresql+psycopg://watchword:{STRONG}@db/name",
        },
    ],
)
def test_secret_used_for_two_purposes_is_a_problem(given: dict[str, Any]) -> None:
    found = check_shared(Settings(**given))
    assert found.level is Level.PROBLEM
    assert STRONG not in found.says + found.remedy


def test_one_server_used_for_two_purposes_may_have_one_password() -> None:
    url = f"valkey://:{STRONG}@cache:6379/0"
    assert check_shared(Settings(valkey=url, session_store=url)).level is Level.OK


@pytest.mark.parametrize(
    ("mode", "level"), [(0o600, Level.OK), (0o640, Level.OK), (0o644, Level.WARNING)]
)
def test_secrets_file_readable_by_everyone_is_reported(
    open_folder: Path, mode: int, level: Level
) -> None:
    file = open_folder / "master-key"
    file.write_text(STRONG)
    file.chmod(mode)
    assert check_files({"WATCHWORD_MASTER_KEY_FILE": file}).level is level
