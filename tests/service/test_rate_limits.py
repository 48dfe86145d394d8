"""Endpoints use the rate limits of the settings."""

import pytest

from flask_watchword.service.load_settings import read_settings
from tests.service.under_test import GOOD, ServiceUnderTest, service_under_test


@pytest.fixture
def strict_limits() -> dict[str, str]:
    return {
        "WATCHWORD_LIMIT_REGISTER_PER_ADDRESS": "3/hour",
        "WATCHWORD_LIMIT_LOGIN_PER_ACCOUNT_AT_ADDRESS": "2/hour",
        "WATCHWORD_LIMIT_CODE_PER_ADDRESS": "1/day",
        "WATCHWORD_LIMIT_MAIL_PER_ADDRESS": "1/day",
        "WATCHWORD_LIMIT_MAIL_PER_MAILBOX": "1/day",
    }


def test_endpoints_use_the_limits_of_the_settings(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, strict_limits: dict[str, str]
) -> None:
    limits = read_settings(strict_limits).limits
    with service_under_test(sqlite_url, monkeypatch, limits=limits) as service:
        assert registrations(service) == [201, 201, 201, 429]
        assert len(service.mail()) == 3
        wrong = [service.log_in("user0@example.com", "wrong").status_code for _ in range(3)]
        assert wrong == [401, 401, 429]
        assert [forgot(service), forgot(service)] == [202, 429]
        assert [wrong_code(service), wrong_code(service)] == [400, 429]


def registrations(service: ServiceUnderTest) -> list[int]:
    bodies = [{"email": f"user{n}@example.com", "password": GOOD} for n in range(4)]
    return [service.post("/register", **body).status_code for body in bodies]


def forgot(service: ServiceUnderTest) -> int:
    return service.post("/password/forgot", email="user1@example.com").status_code


def wrong_code(service: ServiceUnderTest) -> int:
    return service.post("/password/reset", code="c" * 43, password=GOOD).status_code
