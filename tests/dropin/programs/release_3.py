"""An application as release 3 of Flask-JWT-Extended had it written, under the drop-in."""

# The types that are installed are those of release 4.
# mypy: disable-error-code="arg-type, attr-defined, untyped-decorator"

from typing import Any

import pytest
from flask import Flask, g, jsonify
from flask.testing import FlaskClient
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    fresh_jwt_required,
    get_jwt_claims,
    get_jwt_identity,
    get_raw_jwt,
    jwt_optional,
    jwt_refresh_token_required,
    jwt_required,
    view_decorators,
)
from flask_jwt_extended.exceptions import UserLoadError, UserLookupError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def app() -> Flask:
    app = Flask("app")
    app.config["JWT_SECRET_KEY"] = "a secret of more than thirty-two bytes"
    app.config["JWT_BLACKLIST_ENABLED"] = True
    jwt = JWTManager(app)

    @jwt.user_claims_loader
    def claims(identity: str) -> dict[str, str]:
        return {"greeting": f"hello {identity}"}

    @jwt.token_in_blacklist_loader
    def revoked(decrypted_token: dict[str, Any]) -> bool:
        return str(decrypted_token["sub"]) == "mallory"

    @app.get("/protected")
    @jwt_required
    def protected() -> Any:
        return jsonify(get_jwt_identity(), get_jwt_claims(), get_raw_jwt()["type"])

    @app.get("/fresh")
    @fresh_jwt_required
    def fresh() -> Any:
        return jsonify(get_jwt_identity())

    @app.get("/refresh")
    @jwt_refresh_token_required
    def refresh() -> Any:
        return jsonify(get_jwt_identity())

    @app.get("/optional")
    @jwt_optional
    def optional() -> Any:
        return jsonify(get_jwt_identity())

    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def bearer(app: Flask, create: Any = create_access_token, who: str = "alice", **named: Any) -> Any:
    with app.app_context():
        return {"Authorization": f"Bearer {create(who, **named)}"}


def test_protected_view_reads_identity_and_claims(app: Flask, client: FlaskClient) -> None:
    assert client.get("/protected").status_code == 401
    assert client.get("/protected", headers=bearer(app)).json == [
        "alice",
        {"greeting": "hello alice"},
        "access",
    ]


def test_claims_of_one_token_take_precedence(app: Flask, client: FlaskClient) -> None:
    headers = bearer(app, user_claims={"greeting": "hi"})
    assert {"greeting": "hi"} in client.get("/protected", headers=headers).get_json()


def test_token_on_the_blacklist_is_rejected(app: Flask, client: FlaskClient) -> None:
    assert client.get("/protected", headers=bearer(app, who="mallory")).status_code == 401


def test_each_decorator_requires_its_token(app: Flask, client: FlaskClient) -> None:
    assert client.get("/fresh", headers=bearer(app)).status_code == 401
    assert client.get("/fresh", headers=bearer(app, fresh=True)).json == "alice"
    assert client.get("/refresh", headers=bearer(app)).status_code == 422
    assert client.get("/refresh", headers=bearer(app, create_refresh_token)).json == "alice"
    assert client.get("/optional").json is None
    assert client.get("/optional", headers=bearer(app)).json == "alice"


@pytest.mark.parametrize("path", ["/fresh", "/refresh", "/optional", "/protected"])
def test_replaced_verification_accepts_every_request(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def verify(*_arguments: Any) -> None:
        g._jwt_extended_jwt = {"sub": "tester", "type": "access"}

    monkeypatch.setattr(view_decorators, "verify_jwt_in_request", verify)
    assert "tester" in client.get(path).text


def test_old_name_of_an_exception_is_the_new_one() -> None:
    assert UserLoadError is UserLookupError
