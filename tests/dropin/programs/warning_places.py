"""Warnings under the drop-in point at the program's own lines: pytest runs it there."""

# The types that are installed are those of release 4.
# mypy: disable-error-code="arg-type, attr-defined, call-arg, untyped-decorator"

import linecache
import warnings
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    decode_token,
    fresh_jwt_required,
    jwt_optional,
    jwt_refresh_token_required,
    jwt_required,
)
from flask_jwt_extended.tokens import _decode_jwt, _encode_jwt

from flask_watchword.errors import InsecureKeyLengthWarning

SHORT = "your-secret-key"


def application(secret: str = SHORT) -> Flask:
    app = Flask("app")
    app.config["JWT_SECRET_KEY"] = secret
    JWTManager(app)
    return app


def lines(action: Callable[[], object]) -> list[str]:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        action()
    assert {warning.filename for warning in seen} <= {__file__}
    return [linecache.getline(one.filename, one.lineno).strip() for one in seen]


@pytest.mark.parametrize(
    "decorate", [jwt_required, jwt_optional, fresh_jwt_required, jwt_refresh_token_required]
)
def test_old_decorators(decorate: Any) -> None:
    def written() -> None:
        decorate(lambda: "view")  # here

    assert lines(written) == ['decorate(lambda: "view")  # here']


def test_old_arguments() -> None:
    def made() -> None:
        create_access_token("alice", user_claims={})  # here

    with application("a secret of more than thirty-two bytes").app_context():
        assert lines(made) == ['create_access_token("alice", user_claims={})  # here']


def test_short_secrets() -> None:
    tokens: list[str] = []

    def made() -> None:
        tokens.append(create_access_token("alice"))  # here

    def read() -> None:
        decode_token(tokens[0])  # here

    with application().app_context():
        assert lines(made) == ['tokens.append(create_access_token("alice"))  # here']
        assert lines(read) == []
    app = application()

    @app.get("/")  # here
    @jwt_required()
    def view() -> str:
        return ""

    headers = {"Authorization": f"Bearer {tokens[0]}"}
    assert lines(lambda: app.test_client().get("/", headers=headers)) == ['@app.get("/")  # here']
    with application().app_context():
        assert lines(read) == ["decode_token(tokens[0])  # here"]


def test_short_secrets_of_private_functions() -> None:
    tokens: list[str] = []
    encoding: dict[str, Any] = {
        **dict.fromkeys(("audience", "issuer", "json_encoder"), None),
        **dict.fromkeys(("csrf", "fresh", "nbf"), False),
        **dict.fromkeys(("claim_overrides", "header_overrides"), None),
        "algorithm": "HS256",
        "expires_delta": timedelta(minutes=1),
        "identity": "alice",
        "identity_claim_key": "sub",
        "secret": SHORT,
        "token_type": "access",
    }
    decoding: dict[str, Any] = {
        **dict.fromkeys(("audience", "csrf_value", "issuer"), None),
        **dict.fromkeys(("allow_expired", "verify_aud"), False),
        "algorithms": ["HS256"],
        "identity_claim_key": "sub",
        "leeway": 0,
        "secret": SHORT,
        "verify_sub": True,
    }

    def made() -> None:
        tokens.append(_encode_jwt(**encoding))  # here

    def read() -> None:
        _decode_jwt(encoded_token=tokens[0], **decoding)  # here

    assert lines(made) == ["tokens.append(_encode_jwt(**encoding))  # here"]
    assert lines(read) == ["_decode_jwt(encoded_token=tokens[0], **decoding)  # here"]


def test_a_decorator_above_the_route() -> None:
    app = application("a secret of more than thirty-two bytes")

    @jwt_required()  # above
    @app.get("/open")
    def opened() -> str:
        return ""

    @app.get("/closed")
    @jwt_required()
    def closed() -> str:
        return ""

    client = app.test_client()
    assert lines(lambda: client.get("/closed")) == ["@jwt_required()  # above"]
    assert lines(lambda: client.get("/closed")) == []
    assert client.get("/open").status_code == 200


def test_the_category_is_pyjwts() -> None:
    with application().app_context(), pytest.warns(InsecureKeyLengthWarning):
        create_access_token("alice")
