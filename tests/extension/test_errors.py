"""Rejections reach the registered handlers, and other errors are left to the application."""
# jwt_required() is typed Any, as Flask-JWT-Extended's is.
# mypy: disable-error-code=untyped-decorator

from types import ModuleType
from typing import Any

import flask_jwt_extended
import flask_jwt_extended.exceptions
import flask_restful
import flask_restx
import jwt
import pytest
from flask import Blueprint, Flask, abort

import flask_watchword
import flask_watchword.errors
import flask_watchword.extension.errors
from tests.extension.minted_tokens import HOUR, MINTED_AT, b64url, mint
from tests.extension.signing_keys import HMAC_SECRET

BOTH = (flask_jwt_extended, flask_watchword)

OURS = {"aud": "us", "iss": "us"}

#: Each kind of rejection: the Authorization header, the arguments of jwt_required, the response.
REFUSALS: dict[str, tuple[str, dict[str, Any], int]] = {
    "NoAuthorizationError": ("", {}, 401),
    "InvalidHeaderError": ("Bearer a b", {}, 422),
    "DecodeError": ("Bearer garbage", {}, 422),
    "InvalidSignatureError": (f"Bearer {mint('HS256', 'theirs')}", {}, 422),
    "ExpiredSignatureError": (f"Bearer {mint('HS256', **OURS, exp=MINTED_AT - HOUR)}", {}, 401),
    "ImmatureSignatureError": (f"Bearer {mint('HS256', **OURS, nbf=MINTED_AT + HOUR)}", {}, 422),
    "InvalidAlgorithmError": (f"Bearer {mint('HS512')}", {}, 422),
    "InvalidIssuedAtError": (f"Bearer {mint('HS256', **OURS, iat='x')}", {}, 422),
    "InvalidSubjectError": (f"Bearer {mint('HS256', **OURS, sub=7)}", {}, 422),
    "InvalidJTIError": (f"Bearer {mint('HS256', **OURS, jti=7)}", {}, 422),
    "InvalidIssuerError": (f"Bearer {mint('HS256', aud='us', iss='them')}", {}, 422),
    "InvalidAudienceError": (f"Bearer {mint('HS256', aud='them', iss='us')}", {}, 422),
    "MissingRequiredClaimError": (f"Bearer {mint('HS256', iss='us')}", {}, 422),
    "WrongTokenError": (f"Bearer {mint('HS256', **OURS)}", {"refresh": True}, 422),
    "FreshTokenRequired": (f"Bearer {mint('HS256', **OURS)}", {"fresh": True}, 401),
    "RevokedTokenError": (f"Bearer {mint('HS256', **OURS, jti='no')}", {}, 401),
    "UserLookupError": (f"Bearer {mint('HS256', **OURS, sub='who')}", {}, 401),
    "UserClaimsVerificationError": (f"Bearer {mint('HS256', **OURS, bad=1)}", {}, 400),
}


def build(library: ModuleType = flask_watchword, **config: Any) -> Flask:
    app = Flask("errors")
    app.logger.disabled = True
    app.config.update(
        JWT_SECRET_KEY=HMAC_SECRET,
        JWT_DECODE_AUDIENCE="us",
        JWT_DECODE_ISSUER="us",
        PROPAGATE_EXCEPTIONS=False,
    )
    app.config.update(config)
    manager = library.JWTManager(app)
    manager.token_in_blocklist_loader(lambda _header, claims: claims["jti"] == "no")
    manager.token_verification_loader(lambda _header, claims: "bad" not in claims)
    manager.user_lookup_loader(lambda _header, claims: None if claims["sub"] == "who" else "user")
    return app


def guard(app: Any, kind: str, library: ModuleType = flask_watchword) -> None:
    view = library.jwt_required(**REFUSALS[kind][1])(lambda: "seen")
    app.add_url_rule("/", "view", view)


def get(app: Flask, kind: str) -> Any:
    header = REFUSALS[kind][0]
    return app.test_client().get("/", headers={"Authorization": header} if header else {})


def class_named(kind: str, library: ModuleType) -> type[Exception]:
    """Return the class that an application imports to catch this kind of rejection."""
    errors = (
        flask_jwt_extended.exceptions
        if library is flask_jwt_extended
        else flask_watchword.extension.errors
    )
    found: type[Exception] = (
        getattr(errors, kind, None) or getattr(jwt, kind, None) or getattr(jwt.exceptions, kind)
    )
    return found


@pytest.mark.parametrize("kind", REFUSALS)
def test_rejection_is_an_instance_of_the_class_that_applications_catch(kind: str) -> None:
    app = build(PROPAGATE_EXCEPTIONS=True)
    header, demands, _status = REFUSALS[kind]
    headers = {"Authorization": header} if header else {}
    with (
        app.test_request_context(headers=headers),
        pytest.raises(class_named(kind, flask_watchword)) as caught,
    ):
        flask_watchword.verify_jwt_in_request(**demands)
    assert type(caught.value).__name__ == kind


@pytest.mark.parametrize("propagate", [False, True, None])
@pytest.mark.parametrize("kind", REFUSALS)
def test_rejection_in_a_view_gets_the_response_of_flask_jwt_extended(
    kind: str, propagate: bool | None
) -> None:
    answers = []
    for library in BOTH:
        app = build(library, PROPAGATE_EXCEPTIONS=propagate)
        guard(app, kind, library)
        answers.append(get(app, kind))
    theirs, ours = answers
    assert (ours.status_code, ours.data) == (theirs.status_code, theirs.data)
    assert ours.status_code == REFUSALS[kind][2]


def say(text: str) -> Any:
    return lambda _error: (text, 418)


@pytest.mark.parametrize("before", [False, True], ids=["after-manager", "before-manager"])
@pytest.mark.parametrize("kind", REFUSALS)
def test_handler_of_the_application_takes_precedence_as_with_flask_jwt_extended(
    kind: str, before: bool
) -> None:
    texts = []
    for library in BOTH:
        app = Flask("order") if before else build(library)
        app.config.update(JWT_SECRET_KEY=HMAC_SECRET)
        app.register_error_handler(class_named(kind, library), say("mine"))
        if before:
            app.config.update(JWT_DECODE_AUDIENCE="us", JWT_DECODE_ISSUER="us")
            library.JWTManager(app)
        guard(app, kind, library)
        texts.append(get(app, kind).text)
    theirs, ours = texts
    # The manager does not register PyJWT's classes again, so a handler that an application
    # registered earlier remains.
    assert ours == theirs or ours == "mine"


BROAD = {
    "PyJWTError": jwt.PyJWTError,
    "InvalidTokenError": jwt.InvalidTokenError,
    "DecodeError": jwt.DecodeError,
    "Exception": Exception,
}


@pytest.mark.parametrize("broad", BROAD)
@pytest.mark.parametrize("kind", REFUSALS)
def test_handler_for_a_broader_class_handles_the_same_errors_as_with_flask_jwt_extended(
    kind: str, broad: str
) -> None:
    texts = []
    for library in BOTH:
        app = build(library)
        app.register_error_handler(BROAD[broad], say("mine"))
        guard(app, kind, library)
        texts.append(get(app, kind).text)
    assert texts[1] == texts[0]


@pytest.mark.parametrize("kind", REFUSALS)
def test_handler_of_a_blueprint_takes_precedence_for_its_views(kind: str) -> None:
    app = build()
    blueprint = Blueprint("shop", "shop")
    blueprint.register_error_handler(class_named(kind, flask_watchword), say("the shop's"))
    guard(blueprint, kind)
    app.register_blueprint(blueprint)
    assert get(app, kind).text == "the shop's"


@pytest.mark.parametrize("propagate", [False, True, None])
@pytest.mark.parametrize("kind", REFUSALS)
def test_flask_restful_resource_rejects_with_the_same_response(
    kind: str, propagate: bool | None
) -> None:
    app = build(PROPAGATE_EXCEPTIONS=propagate)
    plain = build()
    guard(plain, kind)
    api = flask_restful.Api(app)

    class Thing(flask_restful.Resource):  # type: ignore[misc]
        @flask_watchword.jwt_required(**REFUSALS[kind][1])
        def get(self) -> dict[str, str]:
            return {"thing": "seen"}

    api.add_resource(Thing, "/")
    answer, expected = get(app, kind), get(plain, kind)
    assert (answer.status_code, answer.get_json()) == (expected.status_code, expected.get_json())


@pytest.mark.parametrize("kind", REFUSALS)
def test_flask_restfuls_errors_map_finds_rejections_by_class_name(kind: str) -> None:
    app = build()
    api = flask_restful.Api(app, errors={kind: {"message": "mapped", "status": 418}})

    class Thing(flask_restful.Resource):  # type: ignore[misc]
        method_decorators = (flask_watchword.jwt_required(**REFUSALS[kind][1]),)

        def get(self) -> dict[str, str]:
            return {"thing": "seen"}

    api.add_resource(Thing, "/")
    answer = get(app, kind)
    assert (answer.status_code, answer.get_json()["message"]) == (418, "mapped")


def restx_app(kind: str, **config: Any) -> tuple[Flask, Any]:
    app = build(**config)
    api = flask_restx.Api(app)

    class Thing(flask_restx.Resource):  # type: ignore[misc]
        @flask_watchword.jwt_required(**REFUSALS[kind][1])
        def get(self) -> dict[str, str]:
            return {"thing": "seen"}

    api.add_resource(Thing, "/thing")
    return app, api


def get_thing(app: Flask, kind: str) -> Any:
    header = REFUSALS[kind][0]
    return app.test_client().get("/thing", headers={"Authorization": header} if header else {})


@pytest.mark.parametrize("propagate", [False, True, None])
@pytest.mark.parametrize("kind", REFUSALS)
def test_flask_restx_resource_rejects_with_the_same_response(
    kind: str, propagate: bool | None
) -> None:
    app, _api = restx_app(kind, PROPAGATE_EXCEPTIONS=propagate)
    plain = build()
    guard(plain, kind)
    answer, expected = get_thing(app, kind), get(plain, kind)
    assert (answer.status_code, answer.get_json()) == (expected.status_code, expected.get_json())


@pytest.mark.parametrize("kind", REFUSALS)
def test_flask_restxs_own_handler_takes_precedence(kind: str) -> None:
    app, api = restx_app(kind)
    api.errorhandler(class_named(kind, flask_watchword))(lambda _error: ({"mine": True}, 418))
    answer = get_thing(app, kind)
    assert (answer.status_code, answer.get_json()["mine"]) == (418, True)


@pytest.mark.parametrize("kind", REFUSALS)
def test_manager_registered_on_flask_restxs_api_handles_its_errors(kind: str) -> None:
    app, api = restx_app(kind)
    plain = build()
    guard(plain, kind)
    app.extensions["flask-jwt-extended"]._set_error_handler_callbacks(api)
    answer, expected = get_thing(app, kind), get(plain, kind)
    assert answer.status_code == expected.status_code
    assert answer.get_json()["msg"] == expected.get_json()["msg"]
    assert answer.headers.get("WWW-Authenticate") == expected.headers.get("WWW-Authenticate")


def test_data_of_an_applications_loader_reaches_flask_restxs_api_unchanged() -> None:
    app, api = restx_app("NoAuthorizationError")
    manager = app.extensions["flask-jwt-extended"]
    manager.unauthorized_loader(lambda _reason: ({"mine": True}, 418))
    manager._set_error_handler_callbacks(api)
    answer = get_thing(app, "NoAuthorizationError")
    assert (answer.status_code, answer.get_json()["mine"]) == (418, True)


def test_manager_registered_on_a_blueprint_responds_with_a_challenge() -> None:
    app = build()
    blueprint = Blueprint("shop", "shop")
    app.extensions["flask-jwt-extended"]._set_error_handler_callbacks(blueprint)
    guard(blueprint, "NoAuthorizationError")
    app.register_blueprint(blueprint)
    answer = get(app, "NoAuthorizationError")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def fail_with_own_pyjwt_error() -> str:
    """Decode a token of the application's own that is unrelated to the request."""
    jwt.decode("garbage", HMAC_SECRET, algorithms=["HS256"])
    return "never"


def expire_own_token() -> str:
    jwt.decode(mint("HS256", exp=1), HMAC_SECRET, algorithms=["HS256"])
    return "never"


@pytest.mark.parametrize("view", [fail_with_own_pyjwt_error, expire_own_token])
def test_applications_own_pyjwt_error_is_not_handled_by_the_extension(view: Any) -> None:
    app = build()
    app.add_url_rule("/", "view", view)
    assert app.test_client().get("/").status_code == 500


def test_applications_own_pyjwt_error_propagates_in_tests() -> None:
    app = build(PROPAGATE_EXCEPTIONS=True)
    app.add_url_rule("/", "view", fail_with_own_pyjwt_error)
    with pytest.raises(jwt.DecodeError) as caught:
        app.test_client().get("/")
    assert not isinstance(caught.value, flask_watchword.errors.TokenRejected)


def test_applications_own_pyjwt_error_reaches_the_applications_handler() -> None:
    app = build()
    app.add_url_rule("/", "view", fail_with_own_pyjwt_error)
    app.register_error_handler(jwt.DecodeError, say("mine"))
    assert app.test_client().get("/").text == "mine"


@pytest.mark.parametrize("framework", [flask_restful, flask_restx])
def test_other_errors_in_a_rest_framework_are_left_to_it(framework: Any) -> None:
    app = build()
    api = framework.Api(app)

    class Thing(framework.Resource):  # type: ignore[misc]
        def get(self, name: str) -> Any:
            return abort(409) if name == "conflict" else fail_with_own_pyjwt_error()

    api.add_resource(Thing, "/things/<name>")
    client = app.test_client()
    assert client.get("/things/conflict").status_code == 409
    assert client.get("/things/own").status_code == 500


def test_unsigned_token_of_a_client_is_a_rejection_and_not_a_server_error() -> None:
    app = build()
    guard(app, "DecodeError")
    header, payload = b64url(b'{"alg":"none"}'), b64url(b"{}")
    token = f"{header}.{payload}."
    answer = app.test_client().get("/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 422
