"""Every public name exists, takes the same arguments and fails the same outside its context."""
# jwt_required() is typed Any, as Flask-JWT-Extended's is.
# mypy: disable-error-code=untyped-decorator

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import flask_jwt_extended
import pytest
from flask import Blueprint, Flask, g, render_template_string
from flask.json.provider import DefaultJSONProvider

import flask_watchword
from flask_watchword import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    current_user,
    decode_token,
    get_csrf_token,
    get_current_user,
    get_jti,
    get_jwt,
    get_jwt_header,
    get_jwt_identity,
    get_jwt_request_location,
    get_unverified_jwt_headers,
    jwt_required,
    verify_jwt_in_request,
)
from flask_watchword.errors import ExpiredSignatureError
from flask_watchword.extension.errors import CSRFError, JWTDecodeError
from tests.extension.minted_tokens import ABSENT, CLAIMS, CSRF, HOUR, MINTED_AT, mint
from tests.extension.public_names import PUBLIC_NAMES
from tests.extension.signing_keys import HMAC_SECRET

BOTH = (flask_jwt_extended, flask_watchword)

FUNCTIONS = sorted(
    name
    for name, value in vars(flask_jwt_extended).items()
    if inspect.isfunction(value) and not name.startswith("_")
)
METHODS = sorted(
    name
    for name, value in vars(flask_jwt_extended.JWTManager).items()
    if callable(value) and not name.startswith("__")
)
LOADERS = [name for name in METHODS if name.endswith("_loader")]
IN_A_REQUEST = (
    get_jwt,
    get_jwt_header,
    get_jwt_identity,
    get_current_user,
)


@pytest.fixture
def app() -> Flask:
    app = Flask("api")
    app.testing = True
    app.config["JWT_SECRET_KEY"] = HMAC_SECRET
    JWTManager(app)
    return app


def bearer(token: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token or mint('HS256')}"}


def parameters(function: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
    """Return a function's parameters without the catch-all for the keywords of release 3."""
    return [
        (parameter.name, parameter.kind, parameter.default)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]


def test_every_public_name_is_exported() -> None:
    public = {name for name in vars(flask_jwt_extended) if not name.startswith("_")}
    modules = {name for name in public if inspect.ismodule(getattr(flask_jwt_extended, name))}
    assert public - modules <= PUBLIC_NAMES


def test_every_exported_name_exists() -> None:
    assert all(hasattr(flask_watchword, name) for name in PUBLIC_NAMES)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_takes_the_arguments_of_flask_jwt_extendeds(name: str) -> None:
    theirs, ours = (getattr(library, name) for library in BOTH)
    assert parameters(ours) == parameters(theirs)


@pytest.mark.parametrize("name", [*METHODS, "__init__"])
def test_manager_method_takes_the_arguments_of_flask_jwt_extendeds(name: str) -> None:
    theirs, ours = (getattr(library.JWTManager, name) for library in BOTH)
    assert parameters(ours) == parameters(theirs)


def test_unknown_keyword_is_a_type_error(app: Flask) -> None:
    with app.app_context(), pytest.raises(TypeError, match="unexpected keyword argument 'fresch'"):
        create_access_token("alice", fresch=True)


def test_there_are_15_loaders() -> None:
    assert len(LOADERS) == 15


@pytest.mark.parametrize("name", LOADERS)
def test_loader_returns_the_function_it_registers(name: str) -> None:
    def loader(_header: object, _claims: object) -> None: ...

    assert getattr(JWTManager(), name)(loader) is loader


@pytest.mark.parametrize("name", sorted(vars(flask_jwt_extended.JWTManager())))
def test_manager_stores_its_loaders_under_the_names_that_applications_replace(name: str) -> None:
    assert hasattr(JWTManager(), name)


@pytest.mark.parametrize("function", IN_A_REQUEST)
def test_token_of_the_request_is_unavailable_outside_a_protected_view(
    app: Flask, function: Callable[[], Any]
) -> None:
    text = "You must call `@jwt_required()` or `verify_jwt_in_request()` before using this method"
    with app.test_request_context(), pytest.raises(RuntimeError) as caught:
        function()
    assert str(caught.value) == text


@pytest.mark.parametrize("function", IN_A_REQUEST)
def test_outside_any_context_flasks_own_error_is_raised(function: Callable[[], Any]) -> None:
    with pytest.raises(RuntimeError, match="Working outside of application context"):
        function()


def test_location_outside_a_protected_view_is_none(app: Flask) -> None:
    with app.test_request_context():
        assert get_jwt_request_location() is None


@pytest.mark.parametrize("function", [get_current_user, lambda: current_user.name])
def test_current_user_without_a_loader_names_the_loader_to_register(
    app: Flask, function: Callable[[], Any]
) -> None:
    with app.test_request_context(headers=bearer()):
        verify_jwt_in_request()
        with pytest.raises(RuntimeError) as caught:
            function()
    text = "You must provide a `@jwt.user_lookup_loader` callback to use this method"
    assert str(caught.value) == text


def test_application_without_a_manager_gets_an_error_with_a_remedy() -> None:
    with Flask("bare").app_context(), pytest.raises(RuntimeError) as caught:
        create_access_token("alice")
    assert str(caught.value) == (
        "You must initialize a JWTManager with this flask application before using this method"
    )


@pytest.mark.parametrize("key", ["flask-jwt-extended", "flask-watchword"])
def test_extension_is_registered_under_both_names(app: Flask, key: str) -> None:
    assert key in app.extensions


def test_flask_jwt_extendeds_key_holds_the_manager() -> None:
    app = Flask("keyed")
    manager = JWTManager()
    manager.init_app(app)
    assert app.extensions["flask-jwt-extended"] is manager


def test_verification_returns_header_and_claims(app: Flask) -> None:
    with app.test_request_context(headers=bearer()):
        found = verify_jwt_in_request()
        assert found == ({"alg": "HS256", "typ": "JWT"}, dict(CLAIMS))
        assert (get_jwt_header(), get_jwt()) == found
        assert get_jwt_identity() == "alice"
        assert get_jwt_request_location() == "headers"


def test_optional_verification_without_a_token_sets_no_token(app: Flask) -> None:
    with app.test_request_context():
        assert verify_jwt_in_request(optional=True) is None
        assert (get_jwt(), get_jwt_header()) == ({}, {})
        assert get_jwt_identity() is None
        assert get_current_user() is None
        assert get_jwt_request_location() is None


def test_preflight_is_accepted_without_a_token(app: Flask) -> None:
    with app.test_request_context(method="OPTIONS", headers=bearer("garbage")):
        assert verify_jwt_in_request() is None


def test_changed_claims_affect_only_this_request(app: Flask) -> None:
    token = mint("HS256", roles=["reader"])
    for _ in range(2):
        with app.test_request_context(headers=bearer(token)):
            verify_jwt_in_request()
            assert get_jwt()["roles"] == ["reader"]
            get_jwt()["roles"].append("admin")
            get_jwt()["sub"] = "mallory"
            get_jwt_header()["alg"] = "none"
            assert get_jwt()["roles"] == ["reader", "admin"]
            assert get_jwt_identity() == "mallory"


def test_g_is_unchanged(app: Flask) -> None:
    with app.test_request_context(headers=bearer()):
        before = set(g)
        verify_jwt_in_request()
        assert set(g) == before


@pytest.mark.parametrize("kind", [create_access_token, create_refresh_token])
def test_created_token_is_decoded(app: Flask, kind: Callable[..., str]) -> None:
    with app.app_context():
        token = kind("alice", additional_claims={"a": 1}, additional_headers={"kid": "k"})
        claims = decode_token(token)
        assert (claims["sub"], claims["a"]) == ("alice", 1)
        assert get_jti(token) == claims["jti"]
        assert get_csrf_token(token) == claims["csrf"]
        assert get_unverified_jwt_headers(token) == {"alg": "HS256", "typ": "JWT", "kid": "k"}


def test_expired_token_is_decoded_only_on_request(app: Flask) -> None:
    token = mint("HS256", exp=MINTED_AT - HOUR)
    with app.app_context():
        with pytest.raises(ExpiredSignatureError):
            decode_token(token)
        assert decode_token(token, allow_expired=True)["sub"] == "alice"


def test_expired_error_carries_header_and_claims(app: Flask) -> None:
    with app.app_context(), pytest.raises(ExpiredSignatureError) as caught:
        decode_token(mint("HS256", exp=MINTED_AT - HOUR))
    assert caught.value.jwt_header == {"alg": "HS256", "typ": "JWT"}
    assert caught.value.jwt_data["sub"] == "alice"


def test_decoding_compares_the_given_csrf_value(app: Flask) -> None:
    with app.app_context():
        assert decode_token(mint("HS256"), csrf_value=CSRF)["csrf"] == CSRF
        with pytest.raises(CSRFError, match="CSRF double submit tokens do not match"):
            decode_token(mint("HS256"), csrf_value="other")
        with pytest.raises(JWTDecodeError, match="Missing claim: csrf"):
            decode_token(mint("HS256", csrf=ABSENT), csrf_value=CSRF)


def test_decoding_adds_missing_optional_claims(app: Flask) -> None:
    token = mint("HS256", type=ABSENT, fresh=ABSENT, jti=ABSENT)
    with app.app_context():
        claims = decode_token(token)
    assert (claims["type"], claims["fresh"], claims["jti"]) == ("access", False, None)


def test_csrf_value_of_a_token_without_one_is_a_key_error(app: Flask) -> None:
    with app.app_context(), pytest.raises(KeyError):
        get_csrf_token(mint("HS256", csrf=ABSENT))


def test_async_view_is_protected_and_runs(app: Flask) -> None:
    @app.get("/")
    @jwt_required()
    async def view() -> dict[str, Any]:
        return {"who": get_jwt_identity()}

    client = app.test_client()
    assert client.get("/", headers=bearer()).get_json() == {"who": "alice"}
    assert client.get("/").status_code == 401


def test_decorated_view_keeps_its_name_and_docstring() -> None:
    def view() -> None:
        """Say what it does."""

    decorated = jwt_required()(view)
    assert (decorated.__name__, decorated.__doc__) == ("view", "Say what it does.")


def test_view_of_a_blueprint_gets_its_arguments(app: Flask) -> None:
    blueprint = Blueprint("things", "things", url_prefix="/things")

    @blueprint.get("/<int:number>")
    @jwt_required()
    def thing(number: int) -> dict[str, int]:
        return {"number": number}

    app.register_blueprint(blueprint)
    assert app.test_client().get("/things/7", headers=bearer()).get_json() == {"number": 7}
    assert app.test_client().get("/things/7").status_code == 401


def test_whole_blueprint_is_protected_by_a_hook(app: Flask) -> None:
    blueprint = Blueprint("guarded", "guarded")
    blueprint.before_request(lambda: verify_jwt_in_request() and None)
    blueprint.add_url_rule("/guarded", "view", lambda: get_jwt_identity())
    app.register_blueprint(blueprint)
    assert app.test_client().get("/guarded", headers=bearer()).text == "alice"
    assert app.test_client().get("/guarded").status_code == 401


def with_users(**arguments: Any) -> Flask:
    app = Flask("users")
    app.testing = True
    app.config["JWT_SECRET_KEY"] = HMAC_SECRET
    manager = JWTManager(app, **arguments)
    manager.user_lookup_loader(lambda _header, claims: {"name": claims["sub"].title()})

    @app.get("/")
    @jwt_required(optional=True)
    def page() -> str:
        return render_template_string("{{ current_user.name if current_user else 'nobody' }}")

    return app


def test_template_can_use_the_current_user() -> None:
    client = with_users(add_context_processor=True).test_client()
    assert client.get("/", headers=bearer()).text == "Alice"
    assert client.get("/").text == "nobody"


def test_template_that_does_not_use_the_current_user_loads_none() -> None:
    client = with_users().test_client()
    assert client.get("/", headers=bearer()).text == "nobody"


class Money:
    def __init__(self, amount: int) -> None:
        self.amount = amount


class WithStaticDefault(DefaultJSONProvider):
    @staticmethod
    def default(value: Any) -> Any:
        return {"amount": value.amount} if isinstance(value, Money) else repr(value)


class WithoutDefault(DefaultJSONProvider):
    sort_keys = False


@pytest.mark.parametrize("library", BOTH, ids=lambda library: library.__name__)
def test_claims_are_serialised_by_the_applications_json_provider(library: ModuleType) -> None:
    app = Flask("json")
    app.config["JWT_SECRET_KEY"] = HMAC_SECRET
    app.json_provider_class = WithStaticDefault
    app.json = WithStaticDefault(app)
    library.JWTManager(app)
    with app.app_context():
        token = library.create_access_token("alice", additional_claims={"price": Money(7)})
        assert library.decode_token(token)["price"] == {"amount": 7}


@pytest.mark.parametrize("library", BOTH, ids=lambda library: library.__name__)
def test_claim_that_no_provider_can_serialise_is_a_type_error(library: ModuleType) -> None:
    app = Flask("json")
    app.config["JWT_SECRET_KEY"] = HMAC_SECRET
    app.json_provider_class = WithoutDefault
    app.json = WithoutDefault(app)
    library.JWTManager(app)
    with app.app_context(), pytest.raises(TypeError, match="Money"):
        library.create_access_token("alice", additional_claims={"price": Money(7)})


def test_frozen_clock_applies_to_creation_and_verification() -> None:
    app = Flask("frozen")
    app.config["JWT_SECRET_KEY"] = HMAC_SECRET
    manager = JWTManager(app)
    manager.clock = lambda: 1_700_000_000.0
    with app.app_context():
        token = create_access_token("alice")
        assert decode_token(token)["exp"] == 1_700_000_900
        manager.clock = lambda: 1_700_000_899.999
        assert decode_token(token)["iat"] == 1_700_000_000
        manager.clock = lambda: 1_700_000_900.0
        with pytest.raises(ExpiredSignatureError):
            decode_token(token)
        manager.clock = lambda: 1_699_999_999.0
        with pytest.raises(flask_watchword.errors.ImmatureSignatureError):
            decode_token(token)
