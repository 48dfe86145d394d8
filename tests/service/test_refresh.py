from dataclasses import replace
from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_watchword.accounts.users import User
from flask_watchword.extension.tokens.api import create_refresh_token
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores
from tests.service.conftest import PASSWORD, bearer
from tests.service.places import empty_accounts


def refresh(client: FlaskClient, token: str) -> Any:
    return client.post("/refresh", headers=bearer(token))


def unverified(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def test_refresh_token_returns_new_tokens(client: FlaskClient, tokens: dict[str, str]) -> None:
    answer = refresh(client, tokens["refresh_token"])
    assert answer.status_code == 200
    body = answer.get_json()
    assert sorted(body) == ["access_token", "expires_in", "refresh_token", "token_type"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert unverified(body["refresh_token"])["gen"] == 2
    view = client.get("/protected-route", headers=bearer(body["access_token"]))
    assert view.get_json() == {"logged_in_as": "Ada@Example.com"}
    assert refresh(client, body["refresh_token"]).status_code == 200


def test_refreshed_tokens_keep_the_claims_of_the_login(
    client: FlaskClient, tokens: dict[str, str]
) -> None:
    first = unverified(tokens["access_token"])
    body = refresh(client, tokens["refresh_token"]).get_json()
    second = unverified(body["access_token"])
    for claim in ("iss", "aud", "sub", "sid", "auth_time", "amr"):
        assert first[claim] == second[claim]
    assert second["amr"] == ["pwd"]
    assert unverified(body["refresh_token"])["amr"] == ["pwd"]
    assert (first["fresh"], second["fresh"]) == (True, False), "nobody has typed a password"
    headers = [jwt.get_unverified_header(body[name]) for name in ("access_token", "refresh_token")]
    assert [header["typ"] for header in headers] == ["at+jwt", "rt+jwt"]


def test_retry_gets_the_tokens_of_the_lost_response(
    client: FlaskClient, tokens: dict[str, str]
) -> None:
    answers = [refresh(client, tokens["refresh_token"]).get_json() for _ in range(2)]
    assert [unverified(answer["refresh_token"])["gen"] for answer in answers] == [2, 2]


def test_reused_refresh_token_ends_the_session(client: FlaskClient, tokens: dict[str, str]) -> None:
    second = refresh(client, tokens["refresh_token"]).get_json()
    third = refresh(client, second["refresh_token"]).get_json()
    replayed = refresh(client, tokens["refresh_token"])
    assert replayed.status_code == 401
    assert replayed.get_json() == {"msg": "Token has been revoked", "code": "refresh_reused"}
    assert 'error="invalid_token"' in replayed.headers["WWW-Authenticate"]
    assert refresh(client, third["refresh_token"]).get_json()["code"] == "refresh_reused"
    view = client.get("/me", headers=bearer(third["access_token"]))
    assert (view.status_code, view.get_json()["code"]) == (401, "session_ended")


def test_refresh_token_of_an_ended_session_is_rejected(
    client: FlaskClient, tokens: dict[str, str]
) -> None:
    client.post("/logout", headers=bearer(tokens["access_token"]))
    answer = refresh(client, tokens["refresh_token"])
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "session_ended"


def test_refresh_token_without_a_session_is_rejected(
    app: Flask, client: FlaskClient, ada: User
) -> None:
    with app.app_context():
        token = create_refresh_token(ada.id)
    answer = refresh(client, token)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "session_ended")


def test_access_token_is_rejected(client: FlaskClient, tokens: dict[str, str]) -> None:
    answer = refresh(client, tokens["access_token"])
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "invalid_token"


def test_missing_token_is_rejected(client: FlaskClient) -> None:
    answer = client.post("/refresh")
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "missing_token"


def test_refresh_of_a_deleted_user_is_rejected_and_ends_the_session(
    settings: Settings, stores: Stores, client: FlaskClient, tokens: dict[str, str]
) -> None:
    emptied = create_app(settings, stores=replace(stores, accounts=empty_accounts())).test_client()
    answer = refresh(emptied, tokens["refresh_token"])
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "user_gone"
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    # For other applications that share the session store without the user store.
    assert refresh(client, tokens["refresh_token"]).get_json()["code"] == "session_ended"


@pytest.mark.parametrize(("idle", "whole", "life"), [(60, 600, 60), (600, 60, 60)])
def test_refresh_token_expires_with_its_session(
    settings: Settings, stores: Stores, idle: int, whole: int, life: int
) -> None:
    short = replace(settings, refresh_token_seconds=idle, session_seconds=whole)
    client = create_app(short, stores=stores).test_client()
    login = client.post("/login", json={"email": "ada@example.com", "password": PASSWORD})
    claims = unverified(login.get_json()["refresh_token"])
    # Each is a whole second, and the session starts slightly before its token is created.
    assert claims["exp"] - claims["iat"] in (life - 1, life)
    assert login.get_json()["expires_in"] in (life - 1, life)
