"""Every warning of the package points at the responsible line of the application."""

import linecache
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask.views import MethodView

import flask_watchword as fw
from flask_watchword import JWTManager
from flask_watchword.errors import InsecureKeyLengthWarning

SOURCE = Path(fw.__file__).parent
SHORT = "your-secret-key"
LONG = "a secret of at least thirty-two bytes"


def application(secret: str = SHORT) -> Flask:
    app = Flask("shop")
    app.config["JWT_SECRET_KEY"] = secret
    JWTManager(app)
    return app


@pytest.fixture
def app() -> Flask:
    return application()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def recorded(action: Callable[[], object]) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        action()
    return seen


def lines(action: Callable[[], object]) -> list[str]:
    """Call a function and return the lines of this file that its warnings point at."""
    seen = recorded(action)
    assert {warning.filename for warning in seen} <= {__file__}
    return [linecache.getline(one.filename, one.lineno).strip() for one in seen]


def bearer(app: Flask, create: Callable[..., str] = fw.create_access_token) -> dict[str, str]:
    with app.app_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureKeyLengthWarning)
        return {"Authorization": f"Bearer {create('alice', additional_claims={'fresh': True})}"}


def test_all_warnings_are_issued_by_one_module() -> None:
    makers = [
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if "warnings.warn" in path.read_text(encoding="utf-8")
    ]
    assert makers == ["extension/caller_warnings.py"]


# Old spellings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["jwt_optional", "fresh_jwt_required", "jwt_refresh_token_required"]
)
def test_old_decorator_points_at_its_line(name: str) -> None:
    decorator: Any = getattr(fw, name)

    def written() -> None:
        decorator(lambda: "bare")
        decorator()(lambda: "called")

    assert lines(written) == ['decorator(lambda: "bare")', 'decorator()(lambda: "called")']


def test_bare_decorator_points_at_its_line() -> None:
    def written() -> None:
        @fw.jwt_required
        def view() -> None: ...

    assert lines(written) == ["@fw.jwt_required"]


def test_old_decorator_that_flask_applies_to_a_class_points_at_the_creation_of_the_view() -> None:
    class Orders(MethodView):
        decorators = [fw.jwt_optional]  # noqa: RUF012 - as it is written

    def made() -> None:
        Orders.as_view("orders")

    assert lines(made) == ['Orders.as_view("orders")']


@pytest.mark.parametrize("name", ["get_raw_jwt", "get_raw_jwt_header", "get_jwt_claims"])
def test_old_function_in_a_view_points_at_its_call(client: FlaskClient, name: str) -> None:
    app, function = client.application, getattr(fw, name)

    @app.get("/")
    @fw.jwt_required(optional=True)
    def view() -> Any:
        return function()  # here

    assert lines(lambda: client.get("/")) == ["return function()  # here"]


@pytest.mark.parametrize(
    "name",
    [
        "verify_jwt_in_request_optional",
        "verify_fresh_jwt_in_request",
        "verify_jwt_refresh_token_in_request",
    ],
)
def test_old_verifier_in_a_view_points_at_its_call(client: FlaskClient, name: str) -> None:
    app, function = client.application, getattr(fw, name)

    @app.get("/")
    def view() -> str:
        function()  # here
        return ""

    assert lines(lambda: client.get("/")) == ["function()  # here"]


def test_old_verifier_that_flask_calls_points_at_the_view(client: FlaskClient) -> None:
    app = client.application
    app.before_request(fw.verify_jwt_in_request_optional)

    @app.get("/")
    def view() -> str:
        return ""

    assert lines(lambda: client.get("/")) == ['@app.get("/")']


@pytest.mark.parametrize("name", ["get_raw_jwt", "get_raw_jwt_header"])
def test_old_function_for_a_given_token_points_at_its_call(name: str) -> None:
    function: Any = getattr(fw, name)
    app = application(LONG)
    token = bearer(app)["Authorization"].split()[1]

    def read() -> None:
        function(token)  # here

    with app.app_context():
        assert lines(read) == ["function(token)  # here"]


LOADERS = [
    "user_claims_loader",
    "user_loader_callback_loader",
    "user_loader_error_loader",
    "token_in_blacklist_loader",
    "claims_verification_loader",
    "claims_verification_failed_loader",
]
ADAPTED = ["expired_token_loader", "needs_fresh_token_loader", "revoked_token_loader"]


@pytest.mark.parametrize("name", LOADERS + ADAPTED)
def test_old_loader_points_at_its_line(name: str) -> None:
    register: Callable[[Callable[..., Any]], object] = getattr(JWTManager(), name)

    def written() -> None:
        @register
        def loader() -> None: ...

    assert lines(written) == ["@register"]


@pytest.mark.parametrize("create", [fw.create_access_token, fw.create_refresh_token])
@pytest.mark.parametrize(
    "old", [{"user_claims": {}}, {"headers": {}}], ids=lambda old: next(iter(old))
)
def test_old_argument_points_at_the_call(create: Any, old: dict[str, Any]) -> None:
    def made() -> None:
        create("alice", **old)

    with application(LONG).app_context():
        assert lines(made) == ['create("alice", **old)']


# Weak keys ---------------------------------------------------------------------------------


def test_manager_of_an_application_with_a_short_secret_does_not_warn() -> None:
    def started() -> None:
        app = application()
        app.config["JWT_SECRET_KEY_FALLBACKS"] = ["short"]
        JWTManager(app)
        app.get("/")(fw.jwt_required()(lambda: ""))
        assert app.test_client().get("/").status_code == 401
        headers = {"Authorization": "Bearer nonsense"}
        assert app.test_client().get("/", headers=headers).status_code == 422

    assert recorded(started) == []


@pytest.mark.parametrize("create", [fw.create_access_token, fw.create_refresh_token])
def test_short_secret_points_at_the_creation(create: Callable[[str], str]) -> None:
    def made() -> None:
        create("alice")  # here

    with application().app_context():
        assert lines(made) == ['create("alice")  # here']


@pytest.mark.parametrize("function", [fw.decode_token, fw.get_jti, fw.get_csrf_token])
def test_short_secret_points_at_the_decoding(function: Callable[[str], object]) -> None:
    token, app = bearer(application())["Authorization"].split()[1], application()
    app.config["JWT_COOKIE_CSRF_PROTECT"] = True

    def read() -> None:
        function(token)  # here

    with app.app_context():
        assert lines(read) == ["function(token)  # here"]
        assert recorded(read) == []


def protected_by(
    guard: Callable[[Callable[[], str]], Callable[[], str]],
) -> Callable[[Flask], None]:
    def add(app: Flask) -> None:
        @app.get("/")  # here
        @guard
        def view() -> str:
            return ""

    return add


@pytest.mark.parametrize(
    "guard",
    [
        fw.jwt_required(),
        fw.jwt_required(optional=True),
        fw.jwt_required(locations="headers"),
        fw.fresh_required(max_age=60),
    ],
)
def test_short_secret_points_at_the_protected_view(guard: Any) -> None:
    headers, app = bearer(application()), application()
    protected_by(guard)(app)
    client = app.test_client()
    assert lines(lambda: client.get("/", headers=headers)) == ['@app.get("/")  # here']
    assert recorded(lambda: client.get("/", headers=headers)) == []


def test_short_secret_points_at_the_method_of_a_class() -> None:
    class Orders(MethodView):
        @fw.jwt_required()
        def get(self) -> str:
            return ""

    headers, app = bearer(application()), application()
    app.add_url_rule("/", view_func=Orders.as_view("orders"))
    client = app.test_client()
    assert lines(lambda: client.get("/", headers=headers)) == ["@fw.jwt_required()"]


def test_short_secret_points_at_the_verification_inside_a_view() -> None:
    headers, app = bearer(application()), application()

    @app.get("/")
    def view() -> str:
        fw.verify_jwt_in_request()  # here
        return ""

    client = app.test_client()
    assert lines(lambda: client.get("/", headers=headers)) == ["fw.verify_jwt_in_request()  # here"]


def test_short_secret_warns_once_for_creation_and_verification() -> None:
    app = application()
    app.get("/")(fw.jwt_required()(lambda: fw.create_access_token("bob")))

    def used() -> None:
        with app.app_context():
            token = fw.create_access_token("alice")
        answer = app.test_client().get("/", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200

    (warning,) = recorded(used)
    assert warning.category is InsecureKeyLengthWarning
    assert "The HMAC key is 15 bytes long" in str(warning.message)
    app.config["JWT_ACCESS_TOKEN_EXPIRES"] = timedelta(minutes=1)
    assert recorded(used) == []


def test_each_application_with_a_short_secret_warns() -> None:
    def used() -> None:
        with application().app_context():
            fw.create_access_token("alice")

    assert len(recorded(used)) == len(recorded(used)) == 1


def test_warning_raised_as_an_error_stays_one() -> None:
    with application().app_context(), warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            with pytest.raises(InsecureKeyLengthWarning):
                fw.create_access_token("alice")
