from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_watchword.accounts.users import User
from flask_watchword.extension.tokens import create_access_token, create_refresh_token
from tests.service.conftest import bearer

#: By more than the clocks of two machines may differ.
PAST = timedelta(seconds=-60)


def test_an_expired_token_is_told_that_it_has_expired(
    app: Flask, client: FlaskClient, ada: User
) -> None:
    with app.app_context():
        token = create_access_token(ada.id, expires_delta=PAST)
    answer = client.post("/expired", headers=bearer(token))
    assert answer.status_code == 401
    assert answer.get_json() == {"msg": "The token has expired", "code": "token_expired"}
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_the_protected_route_tells_an_expired_token_the_same(
    app: Flask, client: FlaskClient, ada: User
) -> None:
    with app.app_context():
        token = create_access_token(ada.id, expires_delta=PAST)
    answer = client.get("/protected-route", headers=bearer(token))
    assert answer.status_code == 401
    assert answer.get_json() == {"msg": "The token has expired", "code": "token_expired"}


def test_an_unexpired_token_is_refused_with_a_clear_message(
    client: FlaskClient, tokens: dict[str, str]
) -> None:
    answer = client.post("/expired", headers=bearer(tokens["access_token"]))
    assert answer.status_code == 401
    assert answer.get_json() == {"msg": "Only expired tokens are allowed", "code": "invalid_token"}


@pytest.mark.parametrize("token", ["", "x", "a.b.c"])
def test_what_is_no_token_is_refused(client: FlaskClient, token: str) -> None:
    answer = client.post("/expired", headers=bearer(token))
    assert answer.status_code == 401
    # An empty header is no token of the wrong form, it is no field at all.
    assert answer.get_json()["code"] == ("malformed_token" if token else "invalid_token")


def test_an_expired_refresh_token_is_refused(app: Flask, client: FlaskClient, ada: User) -> None:
    with app.app_context():
        token = create_refresh_token(ada.id, expires_delta=PAST)
    answer = client.post("/expired", headers=bearer(token))
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "invalid_token"


def test_an_expired_token_with_a_broken_signature_is_refused(
    app: Flask, client: FlaskClient, ada: User
) -> None:
    with app.app_context():
        token = create_access_token(ada.id, expires_delta=PAST)
    head, _, signature = token.rpartition(".")
    broken = f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    answer = client.post("/expired", headers=bearer(broken))
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "invalid_signature"


def test_no_token_at_all_is_refused(client: FlaskClient) -> None:
    answer = client.post("/expired")
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "missing_token"
