"""Findings about an application's options."""

import secrets
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from flask_watchword import JWTManager, Sessions, jwt_required
from flask_watchword.extension.checks.results import CheckResult, Level
from flask_watchword.extension.checks.runner import check_app
from flask_watchword.infra.memory_sessions import MemorySessionStore
from tests.extension.signing_keys import key_pair

SECRET = secrets.token_urlsafe(48)
COOKIES = {
    "JWT_TOKEN_LOCATION": ["cookies", "headers"],
    "JWT_COOKIE_SECURE": True,
    "JWT_COOKIE_SAMESITE": "Lax",
}
PARTITIONED = {"JWT_COOKIE_PARTITIONED": True, "JWT_COOKIE_SAMESITE": "None"}
PAIR = {
    "JWT_ALGORITHM": "ES256",
    "JWT_PRIVATE_KEY": key_pair("ES256").private,
    "JWT_PUBLIC_KEY": key_pair("ES256").public,
}


def application(**options: Any) -> Flask:
    app = Flask("shop")
    app.config.update({"JWT_SECRET_KEY": SECRET} | options)
    JWTManager(app)
    return app


def found(app: Flask) -> dict[str, CheckResult]:
    return {finding.check: finding for finding in check_app(app)}


def test_option_misspelled_after_the_manager_is_a_warning() -> None:
    app = application()
    app.config["JWT_TOKEN_LOCATIONS"] = ["cookies"]
    finding = found(app)["option names"]
    assert finding.level is Level.WARNING
    assert finding.says == "Unknown setting JWT_TOKEN_LOCATIONS. Did you mean JWT_TOKEN_LOCATION?"


def test_correct_application_has_no_findings() -> None:
    for options in ({}, COOKIES, {**PAIR, "JWT_DECODE_AUDIENCE": "shop"}):
        findings = found(application(**options))
        del findings["packages"]  # independent of the releases that the tests run with
        assert {one.level for one in findings.values()} == {Level.OK}, findings


@pytest.mark.parametrize(
    ("options", "check", "level"),
    [
        ({"JWT_SECRET_KEY": None}, "keys", Level.PROBLEM),
        ({**PAIR, "JWT_PUBLIC_KEY": None}, "keys", Level.PROBLEM),
        ({**PAIR, "JWT_PUBLIC_KEY": key_pair("ES256", "other").public}, "keys", Level.PROBLEM),
        ({**PAIR, "JWT_PRIVATE_KEY": None}, "keys", Level.OK),
        ({**PAIR, "JWT_PRIVATE_KEY": "no key"}, "keys", Level.PROBLEM),
        ({"JWT_SECRET_KEY": "super-secret"}, "JWT_SECRET_KEY", Level.PROBLEM),
        ({"JWT_SECRET_KEY": "x7Kq-3Zp"}, "JWT_SECRET_KEY", Level.PROBLEM),
        ({"JWT_SECRET_KEY": None, "SECRET_KEY": "dev-secret"}, "JWT_SECRET_KEY", Level.PROBLEM),
        ({"JWT_SECRET_KEY_FALLBACKS": ["changeme" * 8]}, "JWT_SECRET_KEY", Level.PROBLEM),
        ({"SECRET_KEY": SECRET}, "JWT_SECRET_KEY", Level.WARNING),
        ({"JWT_SECRET_KEY": None, "SECRET_KEY": SECRET}, "JWT_SECRET_KEY", Level.WARNING),
        ({"JWT_DECODE_ALGORITHMS": ["none"]}, "algorithms", Level.PROBLEM),
        ({**PAIR, "JWT_DECODE_ALGORITHMS": ["HS256"]}, "algorithms", Level.WARNING),
        (PAIR, "issuer and audience", Level.WARNING),
        ({**COOKIES, "JWT_COOKIE_SECURE": False}, "cookies", Level.PROBLEM),
        ({**COOKIES, "JWT_COOKIE_CSRF_PROTECT": False}, "cookies", Level.PROBLEM),
        ({**COOKIES, "JWT_CSRF_METHODS": ["POST", "PUT", "DELETE"]}, "cookies", Level.PROBLEM),
        ({**COOKIES, "JWT_COOKIE_SAMESITE": None}, "cookies", Level.WARNING),
        ({**COOKIES, **PARTITIONED}, "cookies", Level.OK),
        ({**COOKIES, **PARTITIONED, "JWT_COOKIE_SECURE": False}, "cookies", Level.PROBLEM),
        ({**COOKIES, "JWT_COOKIE_PARTITIONED": True}, "cookies", Level.WARNING),
        ({"JWT_COOKIE_CSRF_PROTECT": False}, "cookies", Level.OK),
        ({"JWT_TOKEN_LOCATION": ["query_string"]}, "JWT_TOKEN_LOCATION", Level.WARNING),
        ({"JWT_ACCESS_TOKEN_EXPIRES": False}, "lifetimes", Level.PROBLEM),
        ({"JWT_ACCESS_TOKEN_EXPIRES": timedelta(days=1)}, "lifetimes", Level.WARNING),
        ({"JWT_ACCESS_TOKEN_EXPIRES": 3600}, "lifetimes", Level.OK),
        ({"JWT_REFRESH_TOKEN_EXPIRES": False}, "lifetimes", Level.PROBLEM),
        ({"JWT_REFRESH_TOKEN_EXPIRES": timedelta(days=365)}, "lifetimes", Level.WARNING),
        ({"JWT_DECODE_LEEWAY": 3600}, "lifetimes", Level.WARNING),
        ({"JWT_DECODE_LEEWAY": timedelta(seconds=10)}, "lifetimes", Level.OK),
    ],
)
def test_finding_for_an_option(options: dict[str, Any], check: str, level: Level) -> None:
    finding = found(application(**options))[check]
    assert finding.level is level, finding
    assert bool(finding.remedy) is (level is not Level.OK)
    assert SECRET not in finding.says + finding.remedy


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("JWT_ALGORITHM", "none"),
        ("JWT_TOKEN_LOCATION", ["elsewhere"]),
        ("JWT_PROFILE", "lenient"),
        ("JWT_ACCESS_TOKEN_EXPIRES", "soon"),
    ],
)
def test_invalid_option_is_a_problem_without_a_traceback(option: str, value: Any) -> None:
    app = application()
    app.config[option] = value
    assert Level.PROBLEM in {finding.level for finding in found(app).values()}


def test_application_without_a_manager_is_reported() -> None:
    assert [finding.level for finding in check_app(Flask("shop"))] == [Level.PROBLEM]


def test_irrevocable_refresh_tokens_are_reported() -> None:
    app = application()
    assert found(app)["revocation"].level is Level.OK
    app.post("/refresh", endpoint="refresh")(jwt_required(refresh=True)(lambda: ""))
    assert found(app)["revocation"].level is Level.WARNING
    app.extensions["flask-jwt-extended"].token_in_blocklist_loader(lambda _header, _claims: False)
    assert found(app)["revocation"].level is Level.OK


def test_sessions_in_memory_are_reported() -> None:
    app = application()
    Sessions(app)
    assert found(app)["revocation"].level is Level.WARNING
    app = application(WATCHWORD_SESSION_STORE=MemorySessionStore())
    Sessions(app)
    assert found(app)["revocation"].level is Level.WARNING


def test_keys_chosen_by_a_loader_are_not_required_in_the_options() -> None:
    app = application(JWT_SECRET_KEY=None)
    app.extensions["flask-jwt-extended"].decode_key_loader(lambda _header, _claims: SECRET)
    assert found(app)["keys"].level is Level.OK
