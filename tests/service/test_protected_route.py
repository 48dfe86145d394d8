from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from flask_watchword.accounts.users import User
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores
from tests.memory_stores.users import MemoryUserStore
from tests.service.conftest import PASSWORD, bearer
from tests.service.places import stores_around


def test_access_token_is_accepted(client: FlaskClient, tokens: dict[str, str]) -> None:
    answer = client.get("/protected-route", headers=bearer(tokens["access_token"]))
    assert answer.status_code == 200
    assert answer.get_json() == {"logged_in_as": "Ada@Example.com"}


def test_missing_token_is_rejected_with_a_challenge(client: FlaskClient) -> None:
    answer = client.get("/protected-route")
    assert answer.status_code == 401
    assert answer.get_json() == {"msg": "Missing Authorization Header", "code": "missing_token"}
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="watchword"'


@pytest.mark.parametrize("token", ["x", "a.b.c", "", "é", "a.b.c.d.e", ".", "null"])
def test_malformed_token_is_rejected(client: FlaskClient, token: str) -> None:
    answer = client.get("/protected-route", headers=bearer(token))
    assert answer.status_code == 401
    assert answer.get_json()["code"] == ("malformed_token" if token else "invalid_token")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_token_of_another_keyring_is_rejected(
    settings: Settings, users: MemoryUserStore, client: FlaskClient
) -> None:
    other = create_app(settings, stores=stores_around(users)).test_client()
    stranger = other.post("/login", json={"email": "ada@example.com", "password": PASSWORD})
    answer = client.get("/protected-route", headers=bearer(stranger.get_json()["access_token"]))
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "unknown_key"


@pytest.mark.parametrize("claim", ["issuer", "audience"])
def test_token_of_another_issuer_or_audience_is_rejected(
    settings: Settings, stores: Stores, tokens: dict[str, str], claim: str
) -> None:
    changed: dict[str, Any] = {claim: "elsewhere"}
    other = create_app(replace(settings, **changed), stores=stores).test_client()
    answer = other.get("/protected-route", headers=bearer(tokens["access_token"]))
    assert answer.status_code == 401
    assert answer.get_json()["code"] == f"invalid_{claim}"


def test_refresh_token_is_rejected(client: FlaskClient, tokens: dict[str, str]) -> None:
    answer = client.get("/protected-route", headers=bearer(tokens["refresh_token"]))
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "invalid_token"


def test_token_issued_before_the_demo_shows_its_subject(
    settings: Settings, stores: Stores, client: FlaskClient, ada: User
) -> None:
    plain = create_app(replace(settings, demo=False), stores=stores).test_client()
    login = plain.post("/login", json={"email": "ada@example.com", "password": PASSWORD})
    token = login.get_json()["access_token"]
    answer = client.get("/protected-route", headers=bearer(token))
    assert answer.get_json() == {"logged_in_as": ada.id}
    assert plain.get("/protected-route", headers=bearer(token)).status_code == 404
