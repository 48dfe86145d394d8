"""Names that applications take from inside Flask-JWT-Extended: pytest runs it under both."""

# Applications take names that their modules only pass on.
# mypy: disable-error-code="attr-defined"

import json
import pickle
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import flask_jwt_extended
import pytest
from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token, decode_token, exceptions
from flask_jwt_extended.config import config
from flask_jwt_extended.default_callbacks import (
    default_expired_token_callback,
    default_unauthorized_callback,
)
from flask_jwt_extended.internal_utils import (
    JSONEncoder,
    custom_verification_for_token,
    get_json_encoder,
    get_jwt_manager,
    has_user_lookup,
    user_lookup,
    verify_token_not_blocklisted,
    verify_token_type,
)
from flask_jwt_extended.jwt_manager import ExpiredSignatureError, InvalidTokenError
from flask_jwt_extended.tokens import _decode_jwt, _encode_jwt
from flask_jwt_extended.view_decorators import (
    _decode_jwt_from_cookies,
    _decode_jwt_from_headers,
    _decode_jwt_from_json,
    _decode_jwt_from_query_string,
    _decode_jwt_from_request,
    _load_user,
    _verify_token_is_fresh,
)

SECRET = "a secret of more than thirty-two bytes"
ENCODING: dict[str, Any] = {
    "algorithm": "HS256",
    "audience": None,
    "claim_overrides": {},
    "csrf": True,
    "expires_delta": timedelta(minutes=5),
    "fresh": False,
    "header_overrides": {},
    "identity": "alice",
    "identity_claim_key": "sub",
    "issuer": None,
    "json_encoder": JSONEncoder,
    "secret": SECRET,
    "token_type": "access",
    "nbf": True,
}
DECODING: dict[str, Any] = {
    "algorithms": ["HS256"],
    "allow_expired": False,
    "audience": None,
    "csrf_value": None,
    "identity_claim_key": "sub",
    "issuer": None,
    "leeway": 0,
    "secret": SECRET,
    "verify_aud": False,
    "verify_sub": True,
}


@pytest.fixture
def app() -> Iterator[Flask]:
    app = Flask("app")
    app.config["JWT_SECRET_KEY"] = SECRET
    JWTManager(app)
    with app.app_context():
        yield app


@pytest.fixture
def manager(app: Flask) -> JWTManager:
    manager: JWTManager = app.extensions["flask-jwt-extended"]
    return manager


def authorized(**named: Any) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {create_access_token('alice', **named)}"}}


def test_config_reads_the_current_options(app: Flask) -> None:
    app.config["JWT_ACCESS_COOKIE_NAME"] = "at"
    assert config.access_cookie_name == "at"


OPTIONS = [
    ("JWT_TOKEN_LOCATION", "cookies", "jwt_in_cookies", True),
    ("JWT_TOKEN_LOCATION", "cookies", "token_location", ("cookies",)),
    ("JWT_TOKEN_LOCATION", ["json"], "token_location", ["json"]),
    ("JWT_TOKEN_LOCATION", ["json"], "jwt_in_headers", False),
    ("JWT_SESSION_COOKIE", True, "cookie_max_age", None),
    ("JWT_SESSION_COOKIE", False, "cookie_max_age", 31540000),
    ("JWT_ALGORITHM", "HS512", "is_asymmetric", False),
    ("JWT_ALGORITHM", "RS256", "is_asymmetric", True),
    ("JWT_ALGORITHM", "HS512", "decode_algorithms", ["HS512"]),
    ("JWT_DECODE_ALGORITHMS", ["HS512"], "decode_algorithms", ["HS512", "HS256"]),
    ("JWT_ACCESS_TOKEN_EXPIRES", 60, "access_expires", timedelta(minutes=1)),
    ("JWT_REFRESH_TOKEN_EXPIRES", False, "refresh_expires", False),
    ("JWT_SECRET_KEY", "x" * 40, "encode_key", "x" * 40),
    ("JWT_SECRET_KEY", "x" * 40, "decode_key", "x" * 40),
    ("JWT_ERROR_MESSAGE_KEY", "message", "error_msg_key", "message"),
]


@pytest.mark.parametrize(("option", "value", "name", "meaning"), OPTIONS)
def test_config_converts_the_values_of_options(
    app: Flask, option: str, value: Any, name: str, meaning: Any
) -> None:
    app.config[option] = value
    assert getattr(config, name) == meaning


BAD_OPTIONS = [
    ("JWT_TOKEN_LOCATION", 1, "token_location", "must be a sequence or a set"),
    ("JWT_TOKEN_LOCATION", [], "token_location", "must contain at least one"),
    ("JWT_TOKEN_LOCATION", ["pocket"], "jwt_in_json", "can only contain"),
    ("JWT_HEADER_NAME", "", "header_name", "cannot be empty"),
    ("JWT_ACCESS_TOKEN_EXPIRES", "soon", "access_expires", "must be able to add JWT_ACCESS"),
    ("JWT_REFRESH_TOKEN_EXPIRES", "soon", "refresh_expires", "must be able to add JWT_REFRESH"),
    ("JWT_SECRET_KEY", None, "encode_key", "must be set when using symmetric algorithm"),
    ("JWT_ALGORITHM", "RS256", "encode_key", "JWT_PRIVATE_KEY must be set"),
    ("JWT_ALGORITHM", "RS256", "decode_key", "JWT_PUBLIC_KEY must be set"),
]


@pytest.mark.parametrize(("option", "value", "name", "complaint"), BAD_OPTIONS)
def test_config_rejects_an_invalid_option(
    app: Flask, option: str, value: Any, name: str, complaint: str
) -> None:
    app.config[option] = value
    with pytest.raises(RuntimeError, match=complaint):
        getattr(config, name)


def test_config_is_read_only(app: Flask) -> None:
    with pytest.raises(AttributeError):
        config.algorithm = "HS512"  # type: ignore[misc]


def test_config_lists_the_methods_exempt_from_verification(app: Flask) -> None:
    assert set(config.exempt_methods) == {"OPTIONS"}


def test_json_encoder_is_that_of_the_application(app: Flask) -> None:
    assert config.json_encoder is get_json_encoder(app) is JSONEncoder
    assert json.dumps(date(2024, 2, 29), cls=JSONEncoder) == '"Thu, 29 Feb 2024 00:00:00 GMT"'
    with pytest.raises(TypeError):
        json.dumps(object(), cls=JSONEncoder)


def test_manager_of_the_application_is_found(manager: JWTManager) -> None:
    assert get_jwt_manager() is manager


def test_application_without_a_manager_gets_an_error() -> None:
    with Flask("bare").app_context(), pytest.raises(RuntimeError, match="initialize a JWTManager"):
        get_jwt_manager()


def test_users_are_loaded_by_the_loader(manager: JWTManager) -> None:
    assert not has_user_lookup()
    assert user_lookup({}, {"sub": "alice"}) is None
    assert _load_user({}, {"sub": "alice"}) is None
    manager.user_lookup_loader(lambda _header, claims: claims["sub"].title() or None)
    assert has_user_lookup()
    assert user_lookup({}, {"sub": "alice"}) == "Alice"
    assert _load_user({}, {"sub": "alice"}) == {"loaded_user": "Alice"}
    with pytest.raises(exceptions.UserLookupError, match="user_lookup returned None for"):
        _load_user({}, {"sub": ""})


@pytest.mark.parametrize(
    ("kind", "refresh", "complaint"),
    [
        ("refresh", False, "Only non-refresh tokens are allowed"),
        ("access", True, "Only refresh tokens are allowed"),
    ],
)
def test_token_of_the_other_type_is_rejected(kind: str, refresh: bool, complaint: str) -> None:
    verify_token_type({"type": kind}, not refresh)
    with pytest.raises(exceptions.WrongTokenError, match=complaint):
        verify_token_type({"type": kind}, refresh)


def test_blocklist_is_called(manager: JWTManager) -> None:
    manager.token_in_blocklist_loader(lambda _header, claims: claims["jti"] == "gone")
    verify_token_not_blocklisted({}, {"jti": "kept"})
    with pytest.raises(exceptions.RevokedTokenError) as caught:
        verify_token_not_blocklisted({"alg": "HS256"}, {"jti": "gone"})
    assert (caught.value.jwt_header, caught.value.jwt_data) == ({"alg": "HS256"}, {"jti": "gone"})


def test_token_verification_is_called(manager: JWTManager) -> None:
    manager.token_verification_loader(lambda _header, claims: "ok" in claims)
    custom_verification_for_token({}, {"ok": True})
    with pytest.raises(exceptions.UserClaimsVerificationError, match="claims verification failed"):
        custom_verification_for_token({}, {})


@pytest.mark.parametrize("fresh", [True, 9_999_999_999, 9_999_999_999.5])
def test_fresh_token_is_fresh(app: Flask, fresh: Any) -> None:
    _verify_token_is_fresh({}, {"fresh": fresh})


@pytest.mark.parametrize("fresh", [False, 0, 1_000_000_000.5])
def test_stale_token_is_rejected(app: Flask, fresh: Any) -> None:
    with pytest.raises(exceptions.FreshTokenRequired, match="Fresh token required"):
        _verify_token_is_fresh({}, {"fresh": fresh})


def test_token_of_a_request_is_decoded(app: Flask) -> None:
    with app.test_request_context(**authorized()):
        claims, header, location = _decode_jwt_from_request(None, False)
    assert (claims["sub"], header["alg"], location) == ("alice", "HS256", "headers")


def test_only_the_given_locations_are_searched(app: Flask) -> None:
    with (
        app.test_request_context(**authorized()),
        pytest.raises(exceptions.NoAuthorizationError, match="Missing JWT in cookies or json"),
    ):
        _decode_jwt_from_request(["cookies", "json"], False)


def test_unknown_location_is_an_error(app: Flask) -> None:
    with (
        app.test_request_context(),
        pytest.raises(RuntimeError, match="'pocket' is not a valid location"),
    ):
        _decode_jwt_from_request("pocket", False)


def test_each_location_has_a_reader(app: Flask) -> None:
    with app.test_request_context(
        "/?jwt=from-query",
        method="POST",
        json={"access_token": "from-json", "refresh_token": "refresh-from-json"},
        headers={
            "Authorization": "Bearer from-header",
            "Cookie": "access_token_cookie=from-cookie; refresh_token_cookie=refresh-from-cookie",
            "X-CSRF-TOKEN": "double",
        },
    ):
        assert _decode_jwt_from_headers() == ("from-header", None)
        assert _decode_jwt_from_query_string() == ("from-query", None)
        assert _decode_jwt_from_cookies(False) == ("from-cookie", "double")
        assert _decode_jwt_from_cookies(True) == ("refresh-from-cookie", "double")
        assert _decode_jwt_from_json(False) == ("from-json", None)
        assert _decode_jwt_from_json(True) == ("refresh-from-json", None)


def test_token_created_with_parameters_is_decoded_with_parameters(app: Flask) -> None:
    token = _encode_jwt(**ENCODING)
    claims = _decode_jwt(encoded_token=token, **DECODING)
    assert claims.keys() == {"fresh", "iat", "jti", "type", "sub", "nbf", "csrf", "exp"}
    assert claims["exp"] - claims["iat"] == 300
    assert decode_token(token) == claims


def test_parameters_define_the_claims_of_a_token(app: Flask) -> None:
    changes = {
        "audience": ["them"],
        "claim_overrides": {"since": datetime(2024, 2, 29, tzinfo=UTC)},
        "csrf": False,
        "expires_delta": False,
        "fresh": timedelta(minutes=1),
        "header_overrides": {"kid": "1"},
        "issuer": "us",
        "nbf": False,
    }
    token = _encode_jwt(**ENCODING | changes)
    claims = _decode_jwt(encoded_token=token, **DECODING)
    assert claims.keys() == {"fresh", "iat", "jti", "type", "sub", "aud", "iss", "since"}
    assert (claims["aud"], claims["iss"]) == (["them"], "us")
    assert 59 <= claims["fresh"] - claims["iat"] <= 61
    assert flask_jwt_extended.get_unverified_jwt_headers(token)["kid"] == "1"


def test_parameters_define_which_token_is_rejected(app: Flask) -> None:
    expired = _encode_jwt(**ENCODING | {"expires_delta": timedelta(minutes=-1), "audience": "them"})
    with pytest.raises(ExpiredSignatureError):
        _decode_jwt(encoded_token=expired, **DECODING)
    forgiving = DECODING | {"allow_expired": True}
    assert _decode_jwt(encoded_token=expired, **forgiving)["sub"] == "alice"
    for refusal in (
        {"verify_aud": True},
        {"verify_aud": True, "audience": "us"},
        {"issuer": "us"},
        {"secret": "another secret of more than 32 bytes"},
        {"algorithms": ["HS512"]},
    ):
        with pytest.raises(InvalidTokenError):
            _decode_jwt(encoded_token=expired, **forgiving | refusal)
    with pytest.raises(exceptions.JWTDecodeError, match="Missing claim: who"):
        _decode_jwt(encoded_token=expired, **forgiving | {"identity_claim_key": "who"})
    with pytest.raises(exceptions.CSRFError, match="double submit tokens do not match"):
        _decode_jwt(encoded_token=expired, **forgiving | {"csrf_value": "x"})


def test_expired_token_error_is_caught_under_its_name_in_jwt_manager(app: Flask) -> None:
    token = create_access_token("alice", expires_delta=timedelta(seconds=-1))
    with pytest.raises(ExpiredSignatureError):
        decode_token(token)


def test_default_loaders_return_their_responses(app: Flask) -> None:
    response, status = cast(Any, default_unauthorized_callback("no token"))
    assert (response.json, status) == ({"msg": "no token"}, 401)
    response, status = cast(Any, default_expired_token_callback({}, {}))
    assert (response.json, status) == ({"msg": "Token has expired"}, 401)


def test_exceptions_survive_pickling() -> None:
    error = pickle.loads(pickle.dumps(exceptions.CSRFError("no")))  # noqa: S301
    assert type(error) is exceptions.CSRFError
    assert error.args == ("no",)


def test_star_import_imports_functions_and_modules() -> None:
    names: dict[str, Any] = {}
    exec("from flask_jwt_extended import *", names)  # noqa: S102 - allowed at module level alone
    assert names.keys() >= {"JWTManager", "jwt_required", "config", "exceptions", "utils"}


def test_version_is_available() -> None:
    assert flask_jwt_extended.__version__ == "4.7.4"
