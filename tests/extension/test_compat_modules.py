"""The modules of Flask-JWT-Extended under their names, with the functions that tests replace."""

import importlib
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask, g, jsonify
from flask.testing import FlaskClient

import flask_watchword
from flask_watchword import (
    create_access_token,
    current_user,
    fresh_required,
    get_jwt,
    get_jwt_identity,
    get_jwt_request_location,
    jwt_expired_token_required,
    jwt_optional,
    jwt_required,
    utils,
    view_decorators,
)
from tests.extension.minted_tokens import mint
from tests.extension.public_names import PUBLIC_NAMES

MODULES = (
    "config",
    "default_callbacks",
    "exceptions",
    "internal_utils",
    "jwt_manager",
    "tokens",
    "typing",
    "utils",
    "view_decorators",
)
DROP_IN = r"python -m flask_watchword\.dropin"

Monkeypatch = pytest.MonkeyPatch


def names_of_flask_jwt_extended(name: str) -> ModuleType:
    return importlib.import_module(f"flask_jwt_extended.{name}")


def names_of_watchword(name: str) -> ModuleType:
    return importlib.import_module(f"flask_watchword.{name}")


def own_names(module: ModuleType) -> set[str]:
    """Return the names that a module defines, and the exception classes that it re-exports."""
    return {
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", "").startswith(module.__name__)
        or (inspect.isclass(value) and issubclass(value, Exception))
        or type(value).__name__ == "LocalProxy"
    } - {"BadRequest", "g", "request", "current_app"}


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_can_be_imported(module: str) -> None:
    public = {
        name for name in own_names(names_of_flask_jwt_extended(module)) if not name.startswith("_")
    }
    assert {name for name in public if not hasattr(names_of_watchword(module), name)} == set()


@pytest.mark.parametrize("module", MODULES)
def test_every_private_function_is_rejected_with_its_replacement(module: str) -> None:
    private = {
        name
        for name, value in vars(names_of_flask_jwt_extended(module)).items()
        if name.startswith("_") and inspect.isfunction(value)
    }
    for name in private:
        with pytest.raises(ImportError, match=f"has no {name}, .*use .*{DROP_IN}"):
            exec(f"from flask_watchword.{module} import {name}")  # noqa: S102 - our own text
        with (
            pytest.raises(ImportError, match=f"has no {name}, "),
            patch(f"flask_watchword.{module}.{name}"),
        ):
            pytest.fail("it was replaced")
    assert bool(private) is (module in {"jwt_manager", "tokens", "view_decorators"})


def test_any_other_name_is_an_attribute_error() -> None:
    assert not hasattr(view_decorators, "jwt_requierd")
    assert not hasattr(view_decorators, "_pytestfixturefunction")


def test_importing_the_package_imports_the_modules() -> None:
    program = (
        "import json, flask_watchword\n"
        f"print(json.dumps([getattr(flask_watchword, m).__name__ for m in {MODULES!r}]))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True
    ).stdout
    assert json.loads(printed) == [f"flask_watchword.{name}" for name in MODULES]


def test_functions_are_those_of_the_package() -> None:
    for name in PUBLIC_NAMES:
        for module in (utils, view_decorators):
            if hasattr(module, name):
                assert getattr(module, name) is getattr(flask_watchword, name)


# Functions that tests of applications replace -------------------------------------------------


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    jwt = flask_watchword.JWTManager(app)

    @jwt.user_lookup_loader
    def user(_header: dict[str, Any], claims: dict[str, Any]) -> str:
        return f"user {claims['sub']}"

    @app.get("/open")
    @jwt_required()
    def opened() -> str:
        return "seen"

    @app.get("/later")
    @jwt_required()
    async def later() -> str:
        return "seen"

    @app.get("/old")
    @jwt_required(optional=True, locations="headers")
    def optional() -> str:
        return "seen"

    @app.get("/fresh")
    @fresh_required
    def fresh() -> str:
        return "seen"

    @app.get("/expired")
    @jwt_expired_token_required(refresh=True)
    def expired() -> str:
        return "seen"

    @app.get("/identity")
    @jwt_required()
    def identity() -> Any:
        return jsonify(get_jwt_identity())

    @app.get("/user")
    @jwt_required()
    def name() -> str:
        return str(current_user)

    @app.get("/claims")
    @jwt_required()
    def claims() -> Any:
        return jsonify(get_jwt())

    with app.test_client() as client:
        yield client


def bearer(client: FlaskClient) -> dict[str, str]:
    with client.application.app_context():
        return {"Authorization": f"Bearer {create_access_token('alice')}"}


VERIFICATION = "flask_watchword.view_decorators.verify_jwt_in_request"


@pytest.mark.parametrize("path", ["/open", "/later", "/old", "/fresh"])
def test_replaced_verification_applies_to_views_already_protected(
    client: FlaskClient, path: str
) -> None:
    before = client.get(path).status_code
    with patch(VERIFICATION) as verify:
        assert client.get(path).text == "seen"
    verify.assert_called_once()
    assert client.get(path).status_code == before


def test_replaced_verification_is_called_with_six_arguments(client: FlaskClient) -> None:
    with patch(VERIFICATION) as verify:
        client.get("/old")
    verify.assert_called_once_with(True, False, False, "headers", True, False)


def test_replaced_verification_may_reject(client: FlaskClient, monkeypatch: Monkeypatch) -> None:
    def refuse(*_demand: Any) -> None:
        raise flask_watchword.exceptions.NoAuthorizationError("not today")

    monkeypatch.setattr(view_decorators, "verify_jwt_in_request", refuse)
    assert client.get("/open", headers=bearer(client)).get_json() == {"msg": "not today"}
    monkeypatch.undo()
    assert client.get("/open", headers=bearer(client)).text == "seen"


def test_view_protected_while_verification_is_replaced_stays_protected(
    app: Flask, client: FlaskClient
) -> None:
    with patch(VERIFICATION):
        app.add_url_rule("/new", "new", jwt_required()(lambda: "seen"))
        assert client.get("/new").text == "seen"
    assert client.get("/new").status_code == 401


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_replaced_verification_applies_to_old_decorators(app: Flask, client: FlaskClient) -> None:
    app.add_url_rule("/optional", "optional-old", jwt_optional(lambda: "seen"))
    with patch(VERIFICATION) as verify:
        assert client.get("/optional").text == "seen"
    verify.assert_called_once_with(True, False, False, None, True, False)


def test_replaced_verification_of_expired_tokens_applies(client: FlaskClient) -> None:
    assert client.get("/expired").status_code == 401
    with patch("flask_watchword.view_decorators.verify_expired_in_request") as verify:
        assert client.get("/expired").text == "seen"
    verify.assert_called_once_with(True, None)
    assert client.get("/expired").status_code == 401


def test_replaced_claims_decide_the_identity(client: FlaskClient) -> None:
    with (
        patch(VERIFICATION),
        patch("flask_watchword.utils.get_jwt", return_value={"sub": "tester"}),
    ):
        assert client.get("/identity").get_json() == "tester"
    assert client.get("/identity", headers=bearer(client)).get_json() == "alice"


def test_replaced_user_is_the_current_user(client: FlaskClient) -> None:
    with patch(VERIFICATION), patch("flask_watchword.utils.get_current_user", return_value="Tess"):
        assert client.get("/user").text == "Tess"
    assert client.get("/user", headers=bearer(client)).text == "user alice"


def test_replaced_decoding_reads_the_token(client: FlaskClient) -> None:
    token = mint("HS256", jti="genuine", csrf="c")
    with client.application.app_context():
        with patch("flask_watchword.utils.decode_token", return_value={"jti": "1", "csrf": "x"}):
            assert (utils.get_jti(token), utils.get_csrf_token(token)) == ("1", "x")
        assert (utils.get_jti(token), utils.get_csrf_token(token)) == ("genuine", "c")


def test_replaced_manager_provides_the_loaders(client: FlaskClient) -> None:
    internal_utils = names_of_watchword("internal_utils")
    with (
        client.application.app_context(),
        patch("flask_watchword.internal_utils.get_jwt_manager") as manager,
    ):
        manager.return_value._user_lookup_callback = None
        assert not internal_utils.has_user_lookup()


@pytest.mark.parametrize(
    "name",
    [
        "utils.get_jwt_manager",
        "utils.config",
        "view_decorators.decode_token",
        "view_decorators.user_lookup",
        "view_decorators.verify_token_not_blocklisted",
        "view_decorators.config",
    ],
)
def test_replacing_a_function_without_effect_is_rejected(name: str) -> None:
    with (
        pytest.raises(AttributeError, match=f"{name} has no effect; replace .*{DROP_IN}"),
        patch(f"flask_watchword.{name}"),
    ):
        pytest.fail("it was replaced")


def test_view_without_a_token_says_where_a_token_on_g_counts(
    app: Flask, client: FlaskClient
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = True

    def verify(*_demand: Any) -> None:
        g._jwt_extended_jwt = {"sub": "tester"}

    with patch(VERIFICATION, verify), pytest.raises(RuntimeError, match=DROP_IN):
        client.get("/identity")
    with patch(VERIFICATION), pytest.raises(RuntimeError, match=r"before using this method$"):
        client.get("/identity")
    with app.app_context():
        assert get_jwt_request_location() is None
