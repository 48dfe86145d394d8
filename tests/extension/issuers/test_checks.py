"""Doctor checks of how the keys of issuers are fetched."""

from typing import Any

import pytest
from flask import Flask

from flask_watchword import JWTManager
from flask_watchword.extension.checks.results import CheckResult, Level
from flask_watchword.extension.checks.runner import check_app
from tests.extension.signing_keys import HMAC_SECRET
from tests.servers.connect_proxy import connect_proxy

RIGHT = {"audience": "shop"}
KEYCLOAK = "http://keycloak:8080/realms/shop"
PROXIED = {"https://issuer.example": {"environment_proxy": True, **RIGHT}}


def found(issuers: dict[str, Any], check: str) -> CheckResult:
    app = Flask("shop")
    app.config.update(JWT_SECRET_KEY=HMAC_SECRET, JWT_ISSUERS=issuers)
    JWTManager(app)
    return next(finding for finding in check_app(app) if finding.check == check)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "issuers",
    [
        {},
        {"https://issuer.example": RIGHT},
        {"http://localhost:5000": RIGHT},
        {"shop": {"jwks_url": "http://127.0.0.1:5000/jwks", "allow_http": True, **RIGHT}},
    ],
)
def test_https_and_loopback_are_fine(issuers: dict[str, Any]) -> None:
    assert found(issuers, "keys of other issuers").level is Level.OK


@pytest.mark.parametrize(
    "issuers",
    [
        {KEYCLOAK: {"allow_http": True, **RIGHT}},
        {"shop": {"jwks_url": "http://10.0.0.7/jwks", "allow_http": True, **RIGHT}},
    ],
)
def test_http_to_another_machine_is_a_warning_that_names_the_issuer(
    issuers: dict[str, Any],
) -> None:
    finding = found(issuers, "keys of other issuers")
    assert finding.level is Level.WARNING
    assert f"JWT_ISSUERS[{next(iter(issuers))!r}]" in finding.says


def test_reachable_proxy_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found({"https://issuer.example": RIGHT}, "proxy").says == "not used"
    with connect_proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:secret@127.0.0.1:{proxy.port}")
        finding = found(PROXIED, "proxy")
    assert finding.level is Level.OK
    assert finding.says == f"127.0.0.1:{proxy.port} accepts connections"


def test_unreachable_proxy_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    with connect_proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:secret@127.0.0.1:{proxy.port}")
    finding = found(PROXIED, "proxy")
    assert finding.level is Level.PROBLEM
    assert "cannot be reached" in finding.says
    assert "secret" not in finding.says


def test_proxy_that_does_not_resolve_is_a_warning() -> None:
    finding = found(PROXIED, "proxy")
    assert finding.level is Level.WARNING
    assert "HTTPS_PROXY is not" in finding.says


def test_invalid_proxy_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://ada:secret@proxy:1080")
    with pytest.raises(RuntimeError, match=r"\['environment_proxy'\]: HTTPS_PROXY is not") as error:
        found(PROXIED, "proxy")
    assert "secret" not in str(error.value)
