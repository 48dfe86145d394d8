"""Security and caching headers of every response of the service."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_watchword import Watchword
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores
from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.features.table import FEATURES, endpoints_of
from tests.service.conftest import bearer, new_session

HEADERS = ("X-Content-Type-Options", "Referrer-Policy", "Content-Security-Policy")
#: Public responses, which caches may keep.
PUBLISHED = {"jwks", "openapi_json", "docs", "docs_part", "setup_page", "setup_part"}


@pytest.fixture
def client(shared_app: Flask) -> FlaskClient:
    return shared_app.test_client()


@pytest.fixture
def tokens(shared_app: Flask) -> tuple[str, str]:
    pair, _ = new_session(shared_app)
    return pair.access_token, pair.refresh_token


every_endpoint = pytest.mark.parametrize("one", endpoints_of(FEATURES), ids=lambda one: one.name)


def ask(client: FlaskClient, one: Endpoint, token: str | None = None) -> TestResponse:
    path = one.path.replace("<session_id>", "x").replace("<part>", "page.js")
    headers = {} if token is None else bearer(token)
    return client.open(path, method=one.method, headers=headers, json={})


def assert_security_headers(answer: TestResponse) -> None:
    assert answer.headers.getlist("X-Content-Type-Options") == ["nosniff"]
    assert answer.headers.getlist("Referrer-Policy") == ["no-referrer"]
    (policy,) = answer.headers.getlist("Content-Security-Policy")
    assert "frame-ancestors 'none'" in policy
    assert policy.startswith("default-src 'none'") or answer.request.path.startswith(
        ("/docs", "/setup")
    )


@every_endpoint
def test_every_endpoint_sends_security_headers(
    client: FlaskClient, tokens: tuple[str, str], one: Endpoint
) -> None:
    for token in (None, *tokens):
        assert_security_headers(ask(client, one, token))


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nothing"), ("PUT", "/login"), ("OPTIONS", "/login"), ("HEAD", "/healthz")],
)
def test_unknown_path_sends_security_headers(client: FlaskClient, method: str, path: str) -> None:
    assert_security_headers(client.open(path, method=method))


def test_internal_error_sends_security_headers(app: Flask) -> None:
    @app.get("/breaking")
    def breaking() -> str:
        raise LookupError

    answer = app.test_client().get("/breaking")
    assert answer.status_code == 500
    assert_security_headers(answer)


@every_endpoint
def test_private_responses_are_not_cacheable(
    client: FlaskClient, tokens: tuple[str, str], one: Endpoint
) -> None:
    for token in (None, *tokens):
        answer = ask(client, one, token)
        if one.name not in PUBLISHED:
            assert answer.headers["Cache-Control"] == "no-store"


def test_public_responses_do_not_depend_on_the_caller(
    client: FlaskClient, tokens: tuple[str, str]
) -> None:
    for one in endpoints_of(FEATURES):
        if one.name in PUBLISHED:
            assert not one.access.tokens
            assert ask(client, one).data == ask(client, one, tokens[0]).data


@pytest.mark.parametrize(
    ("public_url", "expected"),
    [
        (None, None),
        ("http://localhost:5000", None),
        ("https://login.example/account", "max-age=31536000"),
    ],
)
def test_hsts_is_sent_when_the_public_url_has_tls(
    stores: Stores, public_url: str | None, expected: str | None
) -> None:
    settings = Settings(master_key="A" * 43, workers=1, public_url=public_url)
    client = create_app(settings, stores=stores).test_client()
    for path in ("/healthz", "/nothing"):
        assert client.get(path).headers.get("Strict-Transport-Security") == expected


def test_responses_of_the_surrounding_application_are_unchanged(stores: Stores) -> None:
    app = Flask("host")
    app.add_url_rule("/", "home", lambda: "home")
    settings = Settings(
        master_key="A" * 43,
        workers=1,
        public_url="https://login.example",
        cors_origins=("https://app.example",),
    )
    Watchword(app, settings=settings, stores=stores, url_prefix="/auth")
    client = app.test_client()
    # A 404 below the prefix has the service's headers, so that an allowed page can read it.
    cors = {"Vary", "Access-Control-Allow-Origin"}
    for path, shared in (("/", set()), ("/nothing", set()), ("/auth/nothing", cors)):
        answer = client.get(path, headers={"Origin": "https://app.example"})
        service = {*HEADERS, "Strict-Transport-Security", *cors}
        assert service & set(answer.headers.keys()) == shared
    assert_security_headers(client.get("/auth/healthz"))
