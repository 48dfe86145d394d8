"""Roles and scopes of a user: in each token, reloaded at each refresh, required by permissions."""

import pytest
from flask import Flask

from flask_watchword import (
    Watchword,
    decode_token,
    fresh_required,
    jwt_required,
    roles_required,
    scopes_required,
)
from flask_watchword.accounts.users import User
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores
from tests.memory_stores.users import MemoryUserStore
from tests.service.conftest import PASSWORD, bearer

ADA = {"email": "ada@example.com", "password": PASSWORD}


@pytest.fixture
def app(settings: Settings, stores: Stores) -> Flask:
    app = Flask("host")
    app.add_url_rule("/admin", "admin", roles_required("admin")(lambda: "seen"))
    app.add_url_rule("/mail", "mail", scopes_required("mail:read")(lambda: "seen"))
    app.add_url_rule("/young", "young", fresh_required(max_age=0)(lambda: "seen"))
    app.add_url_rule("/fresh", "fresh", jwt_required(fresh=True)(lambda: "seen"))
    Watchword(app, settings=settings, stores=stores)
    return app


def claims(app: Flask, token: str) -> dict[str, object]:
    with app.app_context():
        return decode_token(token)


def log_in(app: Flask) -> dict[str, str]:
    answer = app.test_client().post("/login", json=ADA)
    assert answer.status_code == 200
    pair: dict[str, str] = answer.get_json()
    return pair


def test_token_has_the_roles_and_scopes_of_its_user(
    app: Flask, users: MemoryUserStore, ada: User
) -> None:
    users.set_roles(ada.id, frozenset({"editor", "admin"}))
    users.set_scopes(ada.id, frozenset({"mail:send", "mail:read"}))
    token_claims = claims(app, log_in(app)["access_token"])
    assert token_claims["roles"] == ["admin", "editor"]
    assert token_claims["scope"] == "mail:read mail:send"


def test_token_of_a_user_without_scopes_has_no_scope(app: Flask) -> None:
    token_claims = claims(app, log_in(app)["access_token"])
    assert token_claims["roles"] == []
    assert "scope" not in token_claims


def test_roles_and_scopes_are_reloaded_at_refresh(
    app: Flask, users: MemoryUserStore, ada: User
) -> None:
    users.set_roles(ada.id, frozenset({"admin"}))
    pair = log_in(app)
    users.set_roles(ada.id, frozenset({"reader"}))
    users.set_scopes(ada.id, frozenset({"mail:read"}))
    answer = app.test_client().post("/refresh", headers=bearer(pair["refresh_token"]))
    token_claims = claims(app, answer.get_json()["access_token"])
    assert (token_claims["roles"], token_claims["scope"]) == (["reader"], "mail:read")


def test_missing_role_is_rejected_in_the_services_format(app: Flask) -> None:
    answer = app.test_client().get("/admin", headers=bearer(log_in(app)["access_token"]))
    assert answer.status_code == 403
    assert answer.get_json() == {"msg": "This needs the role admin", "code": "insufficient_role"}
    challenge = 'Bearer realm="watchword", error="insufficient_scope"'
    assert answer.headers["WWW-Authenticate"] == challenge


def test_missing_scope_is_rejected_in_the_services_format(app: Flask) -> None:
    answer = app.test_client().get("/mail", headers=bearer(log_in(app)["access_token"]))
    assert answer.status_code == 403
    assert answer.get_json()["code"] == "insufficient_scope"
    challenge = 'Bearer realm="watchword", error="insufficient_scope", scope="mail:read"'
    assert answer.headers["WWW-Authenticate"] == challenge


def test_token_that_is_not_fresh_is_rejected_with_a_code(app: Flask) -> None:
    client = app.test_client()
    first = log_in(app)
    pair = client.post("/refresh", headers=bearer(first["refresh_token"])).get_json()
    answer = client.get("/fresh", headers=bearer(pair["access_token"]))
    assert answer.status_code == 401
    assert answer.get_json() == {"msg": "Fresh token required", "code": "fresh_token_required"}
    challenge = 'Bearer realm="watchword", error="insufficient_user_authentication"'
    assert answer.headers["WWW-Authenticate"] == challenge


def test_login_that_is_too_old_is_rejected_with_a_code(app: Flask) -> None:
    pair = log_in(app)
    manager = app.extensions["flask-jwt-extended"]
    clock = manager.clock
    manager.clock = lambda: clock() + 60
    answer = app.test_client().get("/young", headers=bearer(pair["access_token"]))
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "insufficient_user_authentication"
    assert 'max_age="0"' in answer.headers["WWW-Authenticate"]
