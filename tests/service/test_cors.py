"""Pages of other origins read nothing, unless their origin is listed."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_watchword.service.api import endpoints
from flask_watchword.service.app import create_app
from flask_watchword.service.components import Stores
from flask_watchword.service.settings import Settings
from tests.service.conftest import PASSWORD

APP, OTHER = "https://app.example", "https://other.example"


@pytest.fixture
def sharing(stores: Stores) -> FlaskClient:
    """A service that two origins may use."""
    settings = Settings(master_key="A" * 43, workers=1, cors_origins=(APP, "http://localhost:3000"))
    return create_app(settings, stores=stores).test_client()


def allowed(answer: TestResponse) -> dict[str, str]:
    """Return what CORS says in an answer."""
    return {name: value for name, value in answer.headers if name.startswith("Access-Control-")}


def preflight(client: FlaskClient, path: str, origin: str, method: str = "POST") -> TestResponse:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type,x-csrf-token",
    }
    return client.options(path, headers=asked)


def test_without_the_setting_nobody_is_let_in(client: FlaskClient) -> None:
    for origin in (APP, "null", "*"):
        assert allowed(preflight(client, "/login", origin)) == {}
        answer = client.get("/healthz", headers={"Origin": origin})
        assert allowed(answer) == {}
        assert "Vary" not in answer.headers


@pytest.mark.parametrize("origin", [APP, "http://localhost:3000"])
def test_a_listed_origin_reads_what_is_answered_and_what_is_refused(
    sharing: FlaskClient, origin: str
) -> None:
    for path, status in (("/healthz", 200), ("/me", 401), ("/sessions", 401)):
        answer = sharing.get(path, headers={"Origin": origin})
        assert answer.status_code == status
        assert allowed(answer) == {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Expose-Headers": "Retry-After, WWW-Authenticate",
        }
        assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    "origin",
    [OTHER, "null", "*", "", "http://app.example", f"{APP}:8443", f"{APP}.evil.example",
     "https://evil-app.example", f"{APP}/", f"{APP}, {OTHER}", "https://APP.example"],
)  # fmt: skip
def test_no_other_origin_is_let_in_and_caches_are_told_that_one_might(
    sharing: FlaskClient, origin: str
) -> None:
    for answer in (
        sharing.get("/healthz", headers={"Origin": origin}),
        preflight(sharing, "/login", origin),
        sharing.get("/healthz"),
    ):
        assert allowed(answer) == {}
        assert answer.headers["Vary"] == "Origin"


def test_a_browser_that_asks_first_is_told_methods_and_headers(sharing: FlaskClient) -> None:
    for one in endpoints(demo=False):
        path = one.path.replace("<session_id>", "x").replace("<part>", "page.js")
        answer = preflight(sharing, path, APP, one.method)
        assert answer.status_code == 200
        told = allowed(answer)
        assert told["Access-Control-Allow-Origin"] == APP
        assert one.method in told["Access-Control-Allow-Methods"].split(", ")
        assert told["Access-Control-Allow-Headers"] == "Authorization, Content-Type, X-CSRF-TOKEN"
        assert told["Access-Control-Max-Age"] == "600"


def test_the_public_keys_are_for_every_origin(client: FlaskClient, sharing: FlaskClient) -> None:
    for asked in (client, sharing):
        answer = asked.get("/.well-known/jwks.json", headers={"Origin": OTHER})
        assert allowed(answer) == {"Access-Control-Allow-Origin": "*"}


def test_a_listed_origin_uses_the_service_by_cookie(sharing: FlaskClient) -> None:
    body = {"email": "ada@example.com", "password": PASSWORD, "transport": "cookie"}
    headers: dict[str, Any] = {"Origin": APP, "Sec-Fetch-Site": "same-site"}
    csrf = sharing.post("/login", json=body, headers=headers).get_json()["csrf_token"]
    assert sharing.post("/refresh", headers=headers | {"X-CSRF-TOKEN": csrf}).status_code == 200
    refused = sharing.post("/logout", headers={"Origin": OTHER, "X-CSRF-TOKEN": csrf})
    assert refused.get_json()["code"] == "cross_origin"
