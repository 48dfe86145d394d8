import time
from collections.abc import Callable
from unittest import mock

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_watchword.accounts.users import User
from flask_watchword.extension.state import state_of
from flask_watchword.extension.tokens.api import create_access_token, create_refresh_token
from tests.service.conftest import bearer

#: Longer than the lifetime of a refresh token.
LONG = 30 * 24 * 60 * 60


def created_long_ago(
    app: Flask, user: User, create: Callable[..., str] = create_access_token
) -> str:
    """Return an expired token of a user."""
    past = time.time() - LONG
    long_ago = mock.patch.object(state_of(app).callbacks, "clock", return_value=past)
    with app.app_context(), long_ago:
        return create(user.id)


def test_expired_token_is_reported_as_expired(app: Flask, client: FlaskClient, ada: User) -> None:
    token = created_long_ago(app, ada)
    answer = client.post("/expired", headers=bearer(token))
    assert answer.status_code == 401
    assert answer.get_json() == {"msg": "The token has expired", "code": "token_expired"}
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_protected_route_reports_an_expired_token_the_same_way(
    app: Flask, client: FlaskClient, ada: User
) -> None:
    token = created_long_ago(app, ada)
    answer = client.get("/protected-route", headers=bearer(token))
    assert answer.status_code == 401
    assert answer.get_json() == {"msg": "The token has expired", "code": "token_expired"}


def test_unexpired_token_is_rejected_with_a_clear_message(
    client: FlaskClient, tokens: dict[str, str]
) -> None:
    answer = client.post("/expired", headers=bearer(tokens["access_token"]))
    assert answer.status_code == 401
    assert answer.get_json() == {"msg": "Only expired tokens are allowed", "code": "invalid_token"}


@pytest.mark.parametrize("token", ["", "x", "a.b.c"])
def test_malformed_token_is_rejected(client: FlaskClient, token: str) -> None:
    answer = client.post("/expired", headers=bearer(token))
    assert answer.status_code == 401
    # An empty header counts as missing, not as a malformed token.
    assert answer.get_json()["code"] == ("malformed_token" if token else "invalid_token")


def test_expired_refresh_token_is_rejected(app: Flask, client: FlaskClient, ada: User) -> None:
    token = created_long_ago(app, ada, create_refresh_token)
    answer = client.post("/expired", headers=bearer(token))
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "invalid_token"


def test_expired_token_with_a_wrong_signature_is_rejected(
    app: Flask, client: FlaskClient, ada: User
) -> None:
    token = created_long_ago(app, ada)
    head, _, signature = token.rpartition(".")
    broken = f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    answer = client.post("/expired", headers=bearer(broken))
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "invalid_signature"


def test_missing_token_is_rejected(client: FlaskClient) -> None:
    answer = client.post("/expired")
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "missing_token"
