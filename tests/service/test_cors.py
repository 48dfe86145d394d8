"""Pages of other origins read nothing unless their origin is allowed."""

from dataclasses import replace
from typing import Any
from unittest import mock

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_watchword import Watchword
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores
from flask_watchword.service.features.table import active_features, endpoints_of
from tests.service.conftest import PASSWORD

APP, OTHER = "https://app.example", "https://other.example"


@pytest.fixture
def sharing(stores: Stores) -> FlaskClient:
    """A service that allows two origins."""
    settings = Settings(master_key="A" * 43, workers=1, cors_origins=(APP, "http://localhost:3000"))
    return create_app(settings, stores=stores).test_client()


def allowed(answer: TestResponse) -> dict[str, str]:
    """Return the CORS headers of a response."""
    return {name: value for name, value in answer.headers if name.startswith("Access-Control-")}


def preflight(client: FlaskClient, path: str, origin: str, method: str = "POST") -> TestResponse:
    requested = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type,x-csrf-token",
    }
    return client.options(path, headers=requested)


def test_without_the_setting_no_origin_is_allowed(client: FlaskClient) -> None:
    for origin in (APP, "null", "*"):
        assert allowed(preflight(client, "/login", origin)) == {}
        answer = client.get("/healthz", headers={"Origin": origin})
        assert allowed(answer) == {}
        assert "Vary" not in answer.headers


@pytest.mark.parametrize("origin", [APP, "http://localhost:3000"])
def test_allowed_origin_reads_successful_and_rejected_responses(
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
def test_other_origins_are_not_allowed_and_responses_vary_by_origin(
    sharing: FlaskClient, origin: str
) -> None:
    for answer in (
        sharing.get("/healthz", headers={"Origin": origin}),
        preflight(sharing, "/login", origin),
        sharing.get("/healthz"),
    ):
        assert allowed(answer) == {}
        assert answer.headers["Vary"] == "Origin"


def test_preflight_lists_the_allowed_methods_and_headers(sharing: FlaskClient) -> None:
    for one in endpoints_of(active_features(Settings())):
        path = one.path.replace("<session_id>", "x").replace("<part>", "page.js")
        answer = preflight(sharing, path, APP, one.method)
        assert answer.status_code == 200
        cors = allowed(answer)
        assert cors["Access-Control-Allow-Origin"] == APP
        assert one.method in cors["Access-Control-Allow-Methods"].split(", ")
        assert cors["Access-Control-Allow-Headers"] == (
            "Authorization, Content-Type, X-CSRF-TOKEN, "
            "traceparent, tracestate, baggage, sentry-trace"
        )
        assert cors["Access-Control-Max-Age"] == "600"


def errors_of(client: FlaskClient, headers: dict[str, str], prefix: str = "") -> list[TestResponse]:
    """Return a 404, a 405, a 413, a 415, a 400 and a 422."""
    json = headers | {"Content-Type": "application/json"}
    return [
        client.get(f"{prefix}/nothing", headers=headers),
        client.delete(f"{prefix}/login", headers=headers),
        client.post(f"{prefix}/login", data=b'"' + b"a" * 70_000 + b'"', headers=json),
        client.post(f"{prefix}/login", data=b"{}", headers=headers),
        client.post(f"{prefix}/login", data=b"{", headers=json),
        client.post(f"{prefix}/login", data=b"{}", headers=json),
    ]


@pytest.mark.parametrize("prefix", ["", "/auth"])
def test_allowed_origin_reads_every_error(
    sharing: FlaskClient, settings: Settings, stores: Stores, prefix: str
) -> None:
    client = sharing
    if prefix:
        app = Flask("host")
        listed = replace(settings, cors_origins=(APP,))
        Watchword(app, settings=listed, stores=stores, url_prefix=prefix)
        client = app.test_client()
        assert allowed(client.get("/nothing", headers={"Origin": APP})) == {}
    statuses = []
    for origin in (APP, OTHER, "null"):
        for answer in errors_of(client, {"Origin": origin}, prefix):
            assert allowed(answer).get("Access-Control-Allow-Origin") == (
                APP if origin == APP else None
            )
            assert answer.headers["Vary"] == "Origin"
            statuses.append(answer.status_code)
    assert statuses == [404, 405, 413, 415, 400, 422] * 3


def test_allowed_origin_reads_429_and_503(sharing: FlaskClient, stores: Stores) -> None:
    wrong = {"email": "ada@example.com", "password": "wrong"}
    headers = {"Origin": APP}
    answers = [sharing.post("/login", json=wrong, headers=headers) for _ in range(11)]
    assert answers[-1].status_code == 429
    with mock.patch.object(stores.rate_limits, "consume", side_effect=StoreUnavailable("down")):
        answers.append(sharing.post("/login", json=wrong, headers=headers))
    assert answers[-1].status_code == 503
    assert {allowed(one)["Access-Control-Allow-Origin"] for one in answers} == {APP}


def test_preflight_of_an_unknown_path_or_method_succeeds(sharing: FlaskClient) -> None:
    for path, method in (("/nothing", "POST"), ("/login", "PUT")):
        answer = preflight(sharing, path, APP, method)
        assert answer.status_code in (200, 204)
        assert method in allowed(answer)["Access-Control-Allow-Methods"].split(", ")
    assert preflight(sharing, "/nothing", OTHER).status_code == 404
    assert sharing.options("/nothing", headers={"Origin": APP}).status_code == 404


def test_allowed_request_headers_are_a_setting(stores: Stores) -> None:
    settings = Settings(master_key="A" * 43, cors_origins=(APP,), cors_headers=("X-Trace",))
    answer = preflight(create_app(settings, stores=stores).test_client(), "/login", APP)
    headers = allowed(answer)["Access-Control-Allow-Headers"]
    assert headers == "Authorization, Content-Type, X-CSRF-TOKEN, X-Trace"


@pytest.mark.parametrize("origin", ["capacitor://localhost", "chrome-extension://abcdefgh"])
def test_allowed_app_shell_uses_the_service_with_cookies(stores: Stores, origin: str) -> None:
    settings = Settings(master_key="A" * 43, cors_origins=(origin,))
    client = create_app(settings, stores=stores).test_client()
    assert allowed(preflight(client, "/login", origin))["Access-Control-Allow-Origin"] == origin
    body = {"email": "ada@example.com", "password": PASSWORD, "transport": "cookie"}
    headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
    answer = client.post("/login", json=body, headers=headers)
    assert answer.status_code == 200
    csrf = {"X-CSRF-TOKEN": answer.get_json()["csrf_token"]}
    assert client.post("/refresh", headers=headers | csrf).status_code == 200
    other = headers | {"Origin": "capacitor://other"}
    assert client.post("/logout", headers=other | csrf).get_json()["code"] == "cross_origin"


def test_public_keys_are_readable_by_every_origin(
    client: FlaskClient, sharing: FlaskClient
) -> None:
    for requested in (client, sharing):
        answer = requested.get("/.well-known/jwks.json", headers={"Origin": OTHER})
        assert allowed(answer) == {"Access-Control-Allow-Origin": "*"}


def test_allowed_origin_uses_the_service_with_cookies(sharing: FlaskClient) -> None:
    body = {"email": "ada@example.com", "password": PASSWORD, "transport": "cookie"}
    headers: dict[str, Any] = {"Origin": APP, "Sec-Fetch-Site": "same-site"}
    csrf = sharing.post("/login", json=body, headers=headers).get_json()["csrf_token"]
    assert sharing.post("/refresh", headers=headers | {"X-CSRF-TOKEN": csrf}).status_code == 200
    refused = sharing.post("/logout", headers={"Origin": OTHER, "X-CSRF-TOKEN": csrf})
    assert refused.get_json()["code"] == "cross_origin"
