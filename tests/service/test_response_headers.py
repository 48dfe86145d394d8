"""What every answer of the service says of itself, to browsers and to caches."""

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
#: What anybody may have, and keep.
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


def assert_guarded(answer: TestResponse) -> None:
    assert answer.headers.getlist("X-Content-Type-Options") == ["nosniff"]
    assert answer.headers.getlist("Referrer-Policy") == ["no-referrer"]
    (policy,) = answer.headers.getlist("Content-Security-Policy")
    assert "frame-ancestors 'none'" in policy
    assert policy.startswith("default-src 'none'") or answer.request.path.startswith(
        ("/docs", "/setup")
    )


@every_endpoint
def test_every_endpoint_answers_with_the_headers_of_safety(
    client: FlaskClient, tokens: tuple[str, str], one: Endpoint
) -> None:
    for token in (None, *tokens):
        assert_guarded(ask(client, one, token))


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nothing"), ("PUT", "/login"), ("OPTIONS", "/login"), ("HEAD", "/healthz")],
)
def test_so_does_what_no_endpoint_answers(client: FlaskClient, method: str, path: str) -> None:
    assert_guarded(client.open(path, method=method))


def test_so_does_a_mistake_of_ours(app: Flask) -> None:
    @app.get("/breaking")
    def breaking() -> str:
        raise LookupError

    answer = app.test_client().get("/breaking")
    assert answer.status_code == 500
    assert_guarded(answer)


@every_endpoint
def test_no_cache_keeps_what_is_not_for_everybody(
    client: FlaskClient, tokens: tuple[str, str], one: Endpoint
) -> None:
    for token in (None, *tokens):
        answer = ask(client, one, token)
        if one.name not in PUBLISHED:
            assert answer.headers["Cache-Control"] == "no-store"


def test_what_is_for_everybody_is_the_same_for_everybody(
    client: FlaskClient, tokens: tuple[str, str]
) -> None:
    for one in endpoints_of(FEATURES):
        if one.name in PUBLISHED:
            assert not one.access.tokens
            assert ask(client, one).data == ask(client, one, tokens[0]).data


@pytest.mark.parametrize(
    ("public_url", "told"),
    [
        (None, None),
        ("http://localhost:5000", None),
        ("https://login.example/account", "max-age=31536000"),
    ],
)
def test_browsers_are_told_to_stay_with_tls_where_the_public_url_has_it(
    stores: Stores, public_url: str | None, told: str | None
) -> None:
    settings = Settings(master_key="A" * 43, workers=1, public_url=public_url)
    client = create_app(settings, stores=stores).test_client()
    for path in ("/healthz", "/nothing"):
        assert client.get(path).headers.get("Strict-Transport-Security") == told


def test_answers_of_the_application_around_it_are_left_alone(stores: Stores) -> None:
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
    # A 404 below the prefix looks like the service's, so that a listed page can read it.
    cors = {"Vary", "Access-Control-Allow-Origin"}
    for path, shared in (("/", set()), ("/nothing", set()), ("/auth/nothing", cors)):
        answer = client.get(path, headers={"Origin": "https://app.example"})
        ours = {*HEADERS, "Strict-Transport-Security", *cors}
        assert ours & set(answer.headers.keys()) == shared
    assert_guarded(client.get("/auth/healthz"))
