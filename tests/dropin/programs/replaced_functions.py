"""How tests of applications replace parts of Flask-JWT-Extended: pytest runs it under both."""

# The original leaves its decorators without types.
# mypy: disable-error-code="untyped-decorator"

from collections.abc import Iterator
from typing import Any
from unittest.mock import MagicMock, patch

import flask_jwt_extended
import pytest
from flask import Flask, g, jsonify
from flask.testing import FlaskClient
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    current_user,
    get_jwt,
    get_jwt_identity,
    jwt_required,
    view_decorators,
)
from flask_jwt_extended.config import config
from flask_jwt_extended.exceptions import NoAuthorizationError

SECRET = "a secret of more than thirty-two bytes"
USERS = {"alice": "Alice", "mallory": "Mallory"}


def build_app(manager: type[JWTManager] = JWTManager) -> Flask:
    app = Flask("app")
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_TOKEN_LOCATION=["headers", "cookies"])
    jwt = manager(app)

    @jwt.user_lookup_loader
    def user(_header: dict[str, Any], claims: dict[str, Any]) -> str | None:
        return USERS.get(claims["sub"])

    @app.get("/identity")
    @jwt_required()
    def identity() -> Any:
        return jsonify(get_jwt_identity())

    @app.get("/user")
    @jwt_required()
    def name() -> Any:
        return jsonify(str(current_user))

    @app.get("/claims")
    @jwt_required(optional=True)
    def claims() -> Any:
        return jsonify(get_jwt())

    @app.get("/remote")
    @jwt_required()
    def remote() -> Any:
        return jsonify(flask_jwt_extended.utils.get_jwt_identity())

    return app


@pytest.fixture
def client() -> Iterator[FlaskClient]:
    with build_app().test_client() as client:
        yield client


def credentials(client: FlaskClient, identity: str = "alice") -> dict[str, str]:
    with client.application.app_context():
        return {"Authorization": f"Bearer {create_access_token(identity)}"}


def test_without_replacements_a_token_is_required(client: FlaskClient) -> None:
    assert client.get("/identity").status_code == 401
    assert client.get("/identity", headers=credentials(client)).json == "alice"


def test_verification_that_sets_g_defines_the_identity(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def verify(*_arguments: Any, **_named: Any) -> None:
        g._jwt_extended_jwt = {config.identity_claim_key: "tester"}

    monkeypatch.setattr(view_decorators, "verify_jwt_in_request", verify)
    assert client.get("/identity").json == "tester"


def test_replaced_verification_is_called_with_six_arguments(client: FlaskClient) -> None:
    with patch("flask_jwt_extended.view_decorators.verify_jwt_in_request") as verify:
        client.get("/claims")
    verify.assert_called_once_with(True, False, False, None, True, False)


def test_verification_that_does_nothing_leaves_the_view_without_a_token(
    client: FlaskClient,
) -> None:
    with patch("flask_jwt_extended.view_decorators.verify_jwt_in_request"):
        response = client.get("/identity")
    assert response.status_code == 500


def test_original_verification_is_restored_after_a_patch(client: FlaskClient) -> None:
    with patch("flask_jwt_extended.view_decorators.verify_jwt_in_request"):
        pass
    assert client.get("/identity").status_code == 401


def test_replaced_claims_define_the_identity(client: FlaskClient) -> None:
    with (
        patch("flask_jwt_extended.view_decorators.verify_jwt_in_request"),
        patch("flask_jwt_extended.utils.get_jwt", return_value={"sub": "tester"}),
    ):
        assert client.get("/identity").json == "tester"


def test_replaced_identity_is_used_through_the_module(client: FlaskClient) -> None:
    with (
        patch("flask_jwt_extended.view_decorators.verify_jwt_in_request"),
        patch("flask_jwt_extended.utils.get_jwt_identity", return_value="tester"),
    ):
        assert client.get("/remote").json == "tester"


def test_replaced_user_is_the_current_user(client: FlaskClient) -> None:
    with (
        patch("flask_jwt_extended.view_decorators.verify_jwt_in_request"),
        patch("flask_jwt_extended.utils.get_current_user", return_value="Tester"),
    ):
        assert client.get("/user").json == "Tester"


def test_replaced_user_lookup_is_the_current_user(client: FlaskClient) -> None:
    loaded = {"loaded_user": "Tester"}
    with patch("flask_jwt_extended.view_decorators._load_user", return_value=loaded):
        assert client.get("/user", headers=credentials(client)).json == "Tester"


def test_unused_replaced_user_lookup_may_return_anything(client: FlaskClient) -> None:
    with patch("flask_jwt_extended.view_decorators._load_user", return_value=MagicMock()):
        assert client.get("/identity", headers=credentials(client)).json == "alice"


def test_replaced_decoding_of_the_request_is_used(client: FlaskClient) -> None:
    answer = {"sub": "mallory"}, {"alg": "HS256"}, "headers"
    with patch(
        "flask_jwt_extended.view_decorators._decode_jwt_from_request", return_value=answer
    ) as decode:
        assert client.get("/user").json == "Mallory"
    decode.assert_called_once_with(
        None, False, refresh=False, verify_type=True, skip_revocation_check=False
    )


def test_decoding_that_finds_no_token_gives_401(client: FlaskClient) -> None:
    with patch(
        "flask_jwt_extended.view_decorators._decode_jwt_from_request",
        side_effect=NoAuthorizationError("nothing here"),
    ):
        response = client.get("/identity")
    assert (response.status_code, response.json) == (401, {"msg": "nothing here"})


@pytest.mark.parametrize("reader", ["_decode_jwt_from_headers", "_decode_jwt_from_cookies"])
def test_replaced_reader_of_a_location_provides_the_token(client: FlaskClient, reader: str) -> None:
    token = credentials(client)["Authorization"].split()[1]
    with patch(f"flask_jwt_extended.view_decorators.{reader}", return_value=(token, None)):
        assert client.get("/identity").json == "alice"


def test_user_replaced_on_g_is_the_current_user(client: FlaskClient) -> None:
    @client.application.get("/acting")
    @jwt_required()
    def acting() -> Any:
        g._jwt_extended_jwt_user["loaded_user"] = "Somebody else"
        return jsonify(str(current_user))

    assert client.get("/acting", headers=credentials(client)).json == "Somebody else"


def test_four_names_on_g_hold_the_verified_token(client: FlaskClient) -> None:
    client.get("/identity", headers=credentials(client))
    assert g._jwt_extended_jwt["sub"] == "alice"
    assert g._jwt_extended_jwt_header["alg"] == "HS256"
    assert g._jwt_extended_jwt_user == {"loaded_user": "Alice"}
    assert g._jwt_extended_jwt_location == "headers"


def test_four_names_on_g_are_none_for_a_missing_optional_token(client: FlaskClient) -> None:
    client.get("/claims")
    assert g._jwt_extended_jwt == {}
    assert g._jwt_extended_jwt_header == {}
    assert g._jwt_extended_jwt_user == {"loaded_user": None}
    assert g._jwt_extended_jwt_location is None


def test_manager_with_its_own_decoding_is_called() -> None:
    class Introspecting(JWTManager):
        def _decode_jwt_from_config(
            self, encoded_token: str, csrf_value: Any = None, allow_expired: bool = False
        ) -> dict[str, Any]:
            claims = super()._decode_jwt_from_config(encoded_token, csrf_value, allow_expired)
            return {**claims, "sub": "mallory"}

    client = build_app(Introspecting).test_client()
    assert client.get("/user", headers=credentials(client)).json == "Mallory"


def test_manager_with_its_own_encoding_is_called() -> None:
    class Shouting(JWTManager):
        def _encode_jwt_from_config(self, identity: Any, *rest: Any, **named: Any) -> str:
            return super()._encode_jwt_from_config(identity.lower(), *rest, **named)

    client = build_app(Shouting).test_client()
    assert client.get("/user", headers=credentials(client, "ALICE")).json == "Alice"
