"""A program under the drop-in whose parts import Watchword by both names."""

# The original leaves its decorators without types.
# mypy: disable-error-code="untyped-decorator"

from collections.abc import Iterator
from typing import Any

import flask_jwt_extended
import pytest
from flask import Flask, g, jsonify, render_template_string
from flask.testing import FlaskClient
from flask_jwt_extended import view_decorators

import flask_watchword

LIBRARIES = {"flask_jwt_extended": flask_jwt_extended, "flask_watchword": flask_watchword}


@pytest.fixture
def app() -> Flask:
    app = Flask("app")
    app.config["JWT_SECRET_KEY"] = "a secret of more than thirty-two bytes"
    manager = flask_watchword.JWTManager(app, add_context_processor=True)
    manager.user_lookup_loader(lambda _header, claims: claims["sub"].title())
    return app


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


@pytest.fixture
def credentials(app: Flask) -> dict[str, str]:
    with app.app_context():
        return {"Authorization": f"Bearer {flask_watchword.create_access_token('alice')}"}


def seen_by(library: Any) -> Any:
    return jsonify(
        identity=library.get_jwt_identity(),
        subject=library.get_jwt()["sub"],
        algorithm=library.get_jwt_header().get("alg"),
        location=library.get_jwt_request_location(),
        user=library.current_user._get_current_object(),
        template=render_template_string("{{ current_user }}"),
    )


@pytest.mark.parametrize("asks", LIBRARIES)
@pytest.mark.parametrize("protects", LIBRARIES)
def test_token_verified_under_one_name_is_known_under_the_other(
    app: Flask, client: FlaskClient, credentials: dict[str, str], protects: str, asks: str
) -> None:
    view = LIBRARIES[protects].jwt_required()(lambda: seen_by(LIBRARIES[asks]))
    app.add_url_rule("/", view_func=view, endpoint="view")
    assert client.get("/", headers=credentials).json == {
        "identity": "alice",
        "subject": "alice",
        "algorithm": "HS256",
        "location": "headers",
        "user": "Alice",
        "template": "Alice",
    }


@pytest.mark.parametrize("asks", LIBRARIES)
def test_state_written_by_a_replaced_verification_is_read_under_both_names(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, asks: str
) -> None:
    def verify(*_arguments: Any) -> None:
        g._jwt_extended_jwt = {"sub": "tester"}
        g._jwt_extended_jwt_header = {}
        g._jwt_extended_jwt_user = {"loaded_user": "Tester"}

    monkeypatch.setattr(view_decorators, "verify_jwt_in_request", verify)
    view = flask_jwt_extended.jwt_required()(lambda: seen_by(LIBRARIES[asks]))
    app.add_url_rule("/", view_func=view, endpoint="view")
    assert client.get("/").json == {
        "identity": "tester",
        "subject": "tester",
        "algorithm": None,
        "location": None,
        "user": "Tester",
        "template": "Tester",
    }


@pytest.mark.parametrize("asks", LIBRARIES)
def test_missing_token_is_reported_under_both_names(app: Flask, asks: str) -> None:
    with app.test_request_context(), pytest.raises(RuntimeError, match="You must call"):
        LIBRARIES[asks].get_jwt()


@pytest.mark.parametrize("asks", LIBRARIES)
def test_missing_user_lookup_is_reported_under_both_names(app: Flask, asks: str) -> None:
    with app.test_request_context():
        g._jwt_extended_jwt = {"sub": "tester"}
        with pytest.raises(RuntimeError, match="user_lookup_loader"):
            LIBRARIES[asks].get_current_user()


def test_asynchronous_loaders_are_awaited(
    app: Flask, client: FlaskClient, credentials: dict[str, str]
) -> None:
    manager = flask_jwt_extended.JWTManager(app)

    @manager.token_in_blocklist_loader
    async def revoked(_header: Any, _claims: Any) -> bool:
        return False

    @manager.user_lookup_loader
    async def user(_header: Any, claims: Any) -> str:
        return f"{claims['sub']} of the loop"

    @app.get("/")
    @flask_jwt_extended.jwt_required()
    async def view() -> Any:
        return jsonify(flask_jwt_extended.get_current_user())

    assert client.get("/", headers=credentials).json == "alice of the loop"


@pytest.mark.parametrize("protects", LIBRARIES)
def test_ended_session_is_rejected_under_both_names(
    app: Flask, client: FlaskClient, protects: str
) -> None:
    app.config["WATCHWORD_SESSION_STORE"] = "memory://"
    sessions = flask_watchword.Sessions(app)
    jwt_required = LIBRARIES[protects].jwt_required
    app.add_url_rule("/", view_func=jwt_required()(lambda: "seen"), endpoint="view")
    unasked = jwt_required(skip_revocation_check=True)(lambda: "seen")
    app.add_url_rule("/unasked", view_func=unasked, endpoint="unasked")
    with app.app_context():
        token = sessions.start("alice").access_token
    credentials = {"Authorization": f"Bearer {token}"}
    assert client.get("/", headers=credentials).text == "seen"
    with app.app_context():
        sessions.end_all("alice")
    refusal = client.get("/", headers=credentials)
    assert (refusal.status_code, refusal.get_json()["msg"]) == (401, "Token has been revoked")
    assert client.get("/unasked", headers=credentials).text == "seen"
