"""Cookies are set and unset with the same headers as by Flask-JWT-Extended."""

import re
from inspect import signature
from types import ModuleType
from typing import Any

import flask_jwt_extended
import pytest
from flask import Flask, Response

import flask_watchword
from tests.extension.minted_tokens import mint
from tests.extension.signing_keys import HMAC_SECRET
from tests.releases import before

BOTH = (flask_jwt_extended, flask_watchword)
TOKEN = mint("HS256")

CALLS = {
    "set_access_cookies": 2,
    "set_refresh_cookies": 2,
    "unset_access_cookies": 2,
    "unset_refresh_cookies": 2,
    "unset_jwt_cookies": 4,
}

OPTIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "secure": {"COOKIE_SECURE": True, "COOKIE_SAMESITE": "Lax"},
    "strict": {"COOKIE_SAMESITE": "Strict", "COOKIE_DOMAIN": "example.com"},
    "persistent": {"SESSION_COOKIE": False},
    "without-csrf": {"COOKIE_CSRF_PROTECT": False},
    "csrf-elsewhere": {"CSRF_IN_COOKIES": False},
    "paths": {
        "ACCESS_COOKIE_PATH": "/api/",
        "REFRESH_COOKIE_PATH": "/refresh",
        "ACCESS_CSRF_COOKIE_PATH": "/a",
        "REFRESH_CSRF_COOKIE_PATH": "/r",
    },
    "names": {
        "ACCESS_COOKIE_NAME": "at",
        "REFRESH_COOKIE_NAME": "rt",
        "ACCESS_CSRF_COOKIE_NAME": "ac",
        "REFRESH_CSRF_COOKIE_NAME": "rc",
    },
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "max-age": {"max_age": 60},
    "domain": {"domain": "other.example.com"},
    "both": {"max_age": 60, "domain": "other.example.com"},
}


def cookies(library: ModuleType, call: str, options: dict[str, Any], **arguments: Any) -> list[str]:
    app = Flask("cookies")
    app.config["JWT_SECRET_KEY"] = HMAC_SECRET
    app.config.update({f"JWT_{name}": value for name, value in options.items()})
    library.JWTManager(app)
    response = Response()
    token = (TOKEN,) if call.startswith("set") else ()
    with app.test_request_context():
        getattr(library, call)(response, *token, **arguments)
    return response.headers.getlist("Set-Cookie")


def without_moment(header: str) -> str:
    """Remove the seconds of an expiry that was computed from a cookie's age."""
    return re.sub(r"Expires=\w+, \d\d \w+ 2[^;]*", "Expires=later", header)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("arguments", ARGUMENTS)
@pytest.mark.parametrize("call", ["set_access_cookies", "set_refresh_cookies"])
def test_cookies_are_set_alike(call: str, arguments: str, options: str) -> None:
    theirs, ours = (
        [
            without_moment(header)
            for header in cookies(library, call, OPTIONS[options], **ARGUMENTS[arguments])
        ]
        for library in BOTH
    )
    assert ours == theirs


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("domain", [None, "other.example.com"])
@pytest.mark.parametrize(
    "call", ["unset_jwt_cookies", "unset_access_cookies", "unset_refresh_cookies"]
)
def test_cookies_are_unset_alike(call: str, domain: str | None, options: str) -> None:
    theirs, ours = (cookies(library, call, OPTIONS[options], domain=domain) for library in BOTH)
    assert ours == theirs


@pytest.mark.parametrize("call", ["set_access_cookies", "set_refresh_cookies"])
@pytest.mark.parametrize("options", ["default", "persistent"])
def test_max_age_of_zero_is_honoured(call: str, options: str) -> None:
    headers = cookies(flask_watchword, call, OPTIONS[options], max_age=0)
    assert len(headers) == 2
    assert all("Max-Age=0" in header for header in headers)


def test_token_cookie_is_hidden_from_scripts_and_the_csrf_cookie_is_not() -> None:
    token, csrf = cookies(flask_watchword, "set_access_cookies", {})
    assert "HttpOnly" in token
    assert "HttpOnly" not in csrf


@pytest.mark.skipif(before("Werkzeug", 2, 3), reason="its client shows no cookies")
def test_set_cookies_give_access_to_the_view_and_unset_ones_do_not() -> None:
    app = Flask("round-trip")
    app.testing = True
    app.config.update(JWT_SECRET_KEY=HMAC_SECRET, JWT_TOKEN_LOCATION=["cookies"])
    flask_watchword.JWTManager(app)

    @app.post("/login")
    def login() -> Response:
        response = Response("in")
        flask_watchword.set_access_cookies(response, flask_watchword.create_access_token("alice"))
        return response

    @app.post("/logout")
    def logout() -> Response:
        response = Response("out")
        flask_watchword.unset_jwt_cookies(response)
        return response

    app.add_url_rule("/", "view", flask_watchword.jwt_required()(lambda: "seen"), methods=["POST"])
    client = app.test_client()
    client.post("/login")
    csrf = client.get_cookie("csrf_access_token")
    assert csrf is not None
    assert client.post("/", headers={"X-CSRF-TOKEN": csrf.value}).text == "seen"
    assert client.post("/").status_code == 401
    client.post("/logout")
    assert client.post("/", headers={"X-CSRF-TOKEN": csrf.value}).status_code == 401


@pytest.mark.parametrize(("profile", "status"), [("compatible", 200), ("strict", 422)])
def test_first_of_two_cookies_counts_and_neither_under_the_strict_profile(
    profile: str, status: int
) -> None:
    app = Flask("cookies")
    app.config.update(
        JWT_SECRET_KEY=HMAC_SECRET,
        JWT_TOKEN_LOCATION=["cookies"],
        JWT_PROFILE=profile,
        JWT_ENCODE_ISSUER="issuer",
        JWT_DECODE_ISSUER="issuer",
        JWT_ENCODE_AUDIENCE="audience",
        JWT_DECODE_AUDIENCE="audience",
    )
    flask_watchword.JWTManager(app)
    app.add_url_rule("/", "view", flask_watchword.jwt_required()(lambda: "seen"))
    with app.app_context():
        token = flask_watchword.create_access_token("ada")
    client = app.test_client(use_cookies=False)
    one = f"access_token_cookie={token}"
    assert client.get("/", headers={"Cookie": one}).status_code == 200
    answer = client.get("/", headers={"Cookie": f"{one}; access_token_cookie=other"})
    assert answer.status_code == status


@pytest.mark.parametrize("call", CALLS)
def test_partitioned_cookies_have_the_attribute_and_secure_in_every_header(call: str) -> None:
    options = {"COOKIE_PARTITIONED": True, "COOKIE_SAMESITE": "None"}
    headers = cookies(flask_watchword, call, options)
    assert len(headers) == CALLS[call]
    for header in headers:
        attributes = header.split("; ")[1:]
        assert attributes.count("Partitioned") == attributes.count("Secure") == 1


def test_other_cookies_of_a_response_are_not_partitioned() -> None:
    app = Flask("cookies")
    app.config.update(JWT_SECRET_KEY=HMAC_SECRET, JWT_COOKIE_PARTITIONED=True)
    flask_watchword.JWTManager(app)
    response = Response()
    response.set_cookie("theme", "dark")
    with app.test_request_context():
        flask_watchword.set_access_cookies(response, TOKEN)
    assert response.headers.getlist("Set-Cookie")[0] == "theme=dark; Path=/"


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("call", CALLS)
def test_cookies_are_not_partitioned_by_default(call: str, options: str) -> None:
    assert "Partitioned" not in "".join(cookies(flask_watchword, call, OPTIONS[options]))


def test_werkzeug_writes_the_same_partitioned_cookie() -> None:
    if "partitioned" not in signature(Response.set_cookie).parameters:
        pytest.skip("this Werkzeug has no partitioned cookies")
    (ours, _) = cookies(
        flask_watchword, "set_access_cookies", {"COOKIE_PARTITIONED": True, "COOKIE_SECURE": False}
    )
    response = Response()
    response.set_cookie("access_token_cookie", TOKEN, httponly=True, partitioned=True)
    assert ours == response.headers["Set-Cookie"]
