import time
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient

from flask_watchword.accounts.users import User
from tests.service.conftest import PASSWORD

MISSING_JSON = {"msg": "The body has to be a JSON object", "code": "invalid_json"}


def log_in(client: FlaskClient, **changes: Any) -> Any:
    return client.post("/login", json={"email": "ada@example.com", "password": PASSWORD} | changes)


def claims(client: FlaskClient, token: str) -> dict[str, Any]:
    keys = jwt.PyJWKSet.from_dict(client.get("/.well-known/jwks.json").get_json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    decoded: dict[str, Any] = jwt.decode(
        token, key, algorithms=["EdDSA"], audience="watchword", issuer="watchword"
    )
    return decoded


def test_login_returns_access_and_refresh_token(client: FlaskClient, ada: User) -> None:
    moment = time.time()
    client.application.extensions["flask-jwt-extended"].clock = lambda: moment
    answer = log_in(client)
    assert answer.status_code == 200
    body = answer.get_json()
    assert sorted(body) == ["access_token", "expires_in", "refresh_token", "token_type"]
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 900
    access, refresh = (claims(client, body[name]) for name in ("access_token", "refresh_token"))
    assert (access["type"], access["fresh"], access["sub"]) == ("access", True, ada.id)
    assert (refresh["type"], refresh["sub"]) == ("refresh", ada.id)
    assert jwt.get_unverified_header(body["access_token"])["typ"] == "at+jwt"
    assert jwt.get_unverified_header(body["refresh_token"])["typ"] == "rt+jwt"
    assert access["exp"] - access["iat"] == 900
    assert refresh["exp"] - refresh["iat"] == 7 * 24 * 60 * 60
    assert access["sid"] == refresh["sid"]
    assert (access["amr"], access["auth_time"]) == (["pwd"], access["iat"])
    assert refresh["gen"] == 1
    assert access["csrf"] == refresh["csrf"]


def test_token_responses_are_not_cacheable(client: FlaskClient) -> None:
    assert log_in(client).headers["Cache-Control"] == "no-store"


def test_login_accepts_any_spelling_of_the_address(client: FlaskClient) -> None:
    assert log_in(client, email=" ADA@example.com").status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "wrong"},
        {"password": ""},
        {"password": PASSWORD + "\0"},
        {"email": "eve@example.com"},
        {"email": ""},
        {"email": "\0' OR 1=1 --"},
    ],
)
def test_unknown_address_and_wrong_password_get_the_same_response(
    client: FlaskClient, changes: dict[str, str]
) -> None:
    answer = log_in(client, **changes)
    assert answer.status_code == 401
    assert answer.get_json() == {"msg": "Bad email or password", "code": "invalid_credentials"}
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="watchword"'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"5",
        b"null",
        b"true",
        b'{"email": NaN}',
        b'\xef\xbb\xbf{"email": "a", "password": "b"}',
        b'{"email": "\xff", "password": "b"}',
        '{"email": "a", "password": "b"}'.encode("utf-16"),
        b"[" * 60_000,
        b'{"email":' * 6_000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_body_that_is_not_a_json_object_is_rejected(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/login", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.get_json() == MISSING_JSON


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_json_with_another_content_type_is_rejected(
    client: FlaskClient, content_type: str | None
) -> None:
    body = b'{"email": "ada@example.com", "password": "x"}'
    answer = client.post("/login", data=body, content_type=content_type)
    assert answer.status_code == 415
    assert answer.get_json()["code"] == "unsupported_media_type"


@pytest.mark.parametrize("name", ["email", "password"])
@pytest.mark.parametrize("value", [None, True, 0, 1.5, [], ["x"], {}, {"$ne": None}, "x" * 1025])
def test_field_of_another_type_is_rejected_by_name(
    client: FlaskClient, name: str, value: object
) -> None:
    answer = log_in(client, **{name: value})
    assert answer.status_code == 422
    assert answer.get_json()["code"] == "invalid_field"
    assert answer.get_json()["field"] == name


@pytest.mark.parametrize("name", ["email", "password"])
def test_missing_field_is_rejected_by_name(client: FlaskClient, name: str) -> None:
    body = {"email": "ada@example.com", "password": PASSWORD}
    del body[name]
    answer = client.post("/login", json=body)
    assert answer.status_code == 422
    assert answer.get_json()["field"] == name


def test_unknown_field_is_rejected_by_name(client: FlaskClient) -> None:
    answer = log_in(client, is_admin=True)
    assert answer.status_code == 422
    assert answer.get_json()["field"] == "is_admin"
