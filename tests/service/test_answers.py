import logging
from collections.abc import Callable

import pytest
from flask import Flask, abort, redirect
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from flask_watchword.accounts.passwords import HasherOverloaded
from flask_watchword.infra.errors import StoreUnavailable


@pytest.fixture
def failing(app: Flask) -> Callable[[Exception], FlaskClient]:
    """Make a client for the application with a view at /failing that raises."""

    def make(error: Exception) -> FlaskClient:
        @app.get("/failing")
        def view() -> str:
            raise error

        return app.test_client()

    return make


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing-here", 404, "not_found"),
        ("GET", "/login", 405, "method_not_allowed"),
        ("POST", "/protected-route", 405, "method_not_allowed"),
        ("TRACE", "/login", 405, "method_not_allowed"),
    ],
)
def test_http_errors_are_json(
    client: FlaskClient, method: str, path: str, status: int, code: str
) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert answer.mimetype == "application/json"
    assert answer.get_json()["code"] == code
    assert sorted(answer.get_json()) == ["code", "msg"]


def test_wrong_method_lists_the_allowed_ones(client: FlaskClient) -> None:
    assert "POST" in client.get("/login").headers["Allow"]


def test_body_over_the_limit_is_rejected(client: FlaskClient) -> None:
    body = b'{"email": "' + b"x" * 70_000 + b'", "password": "x"}'
    answer = client.post("/login", data=body, content_type="application/json")
    assert answer.status_code == 413
    assert answer.get_json()["code"] == "request_entity_too_large"


def test_internal_error_is_logged_and_its_details_hidden(
    failing: Callable[[Exception], FlaskClient], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = failing(LookupError("the inside")).get("/failing")
    assert answer.status_code == 500
    assert answer.get_json()["code"] == "internal_server_error"
    assert b"inside" not in answer.data
    assert "the inside" in caplog.text


@pytest.mark.parametrize(
    ("error", "code"),
    [(StoreUnavailable("disk on fire"), "store_unavailable"), (HasherOverloaded(), "login_busy")],
)
def test_temporary_failure_is_503_with_retry_after(
    failing: Callable[[Exception], FlaskClient], error: Exception, code: str
) -> None:
    answer = failing(error).get("/failing")
    assert answer.status_code == 503
    assert answer.get_json()["code"] == code
    assert int(answer.headers["Retry-After"]) > 0
    assert b"fire" not in answer.data


def test_every_401_has_a_challenge(app: Flask) -> None:
    @app.get("/aborting")
    def view() -> str:
        abort(401)

    answer = app.test_client().get("/aborting")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_redirect_is_unchanged(app: Flask) -> None:
    @app.get("/folder/")
    def view() -> Response:
        return redirect("/elsewhere")

    answer = app.test_client().get("/folder")
    assert answer.status_code == 308
    assert answer.headers["Location"].endswith("/folder/")
