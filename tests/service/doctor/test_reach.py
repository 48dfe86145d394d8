"""How clients reach the service: TLS, trusted proxies, allowed origins."""

from collections.abc import Callable
from typing import Any

import pytest

from flask_watchword.extension.checks.results import CheckResult, Level
from flask_watchword.service.checks import network as reach
from flask_watchword.service.configuration.settings import Settings

HTTPS = "https://login.example.com/account"
PROXIED = {"public_url": HTTPS, "host": "0.0.0.0", "trusted_proxies": 1}  # noqa: S104
Check = Callable[[Settings], CheckResult]


@pytest.mark.parametrize(
    ("check", "given", "level"),
    [
        (reach.check_public_url, {}, Level.OK),
        (reach.check_public_url, {"host": "::1"}, Level.OK),
        (reach.check_public_url, {"host": "0.0.0.0"}, Level.WARNING),  # noqa: S104
        (reach.check_public_url, {"host": "::"}, Level.WARNING),
        (reach.check_public_url, {"public_url": "http://login.example.com"}, Level.PROBLEM),
        (reach.check_public_url, {"public_url": "http://localhost:3000"}, Level.OK),
        (reach.check_public_url, PROXIED, Level.OK),
        (reach.check_proxies, {}, Level.OK),
        (reach.check_proxies, {"host": "192.0.2.7"}, Level.WARNING),
        (reach.check_proxies, {"host": "some-name"}, Level.WARNING),
        (reach.check_proxies, {"public_url": HTTPS}, Level.WARNING),
        (reach.check_proxies, PROXIED, Level.OK),
        (reach.check_cors, {}, Level.OK),
        (reach.check_cors, {"cors_origins": ("https://app.example.com",)}, Level.OK),
        (reach.check_cors, {"cors_origins": ("http://localhost:3000",)}, Level.OK),
        (reach.check_cors, {"cors_origins": ("http://app.example.com",)}, Level.PROBLEM),
        (reach.check_cors, {**PROXIED, "cors_origins": ("capacitor://localhost",)}, Level.OK),
        (reach.check_cors, {**PROXIED, "cors_origins": ("https://localhost",)}, Level.OK),
        (
            reach.check_cors,
            {**PROXIED, "cors_origins": ("http://localhost:3000",)},
            Level.WARNING,
        ),
        (
            reach.check_cors,
            {**PROXIED, "cors_origins": ("https://login.example.com",)},
            Level.WARNING,
        ),
        (reach.check_demo, {}, Level.OK),
        (reach.check_demo, {"demo": True}, Level.OK),
        (reach.check_demo, {"demo": True, "host": "0.0.0.0"}, Level.PROBLEM),  # noqa: S104
        (reach.check_demo, {"demo": True, "public_url": HTTPS}, Level.PROBLEM),
    ],
)
def test_setting_produces_the_expected_finding(
    check: Check, given: dict[str, Any], level: Level
) -> None:
    found = check(Settings(**given))
    assert found.level is level, found
    assert bool(found.remedy) is (level is not Level.OK)
