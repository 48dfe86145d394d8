import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_watchword.accounts.users import User
from flask_watchword.extension.tokens.api import create_access_token
from tests.service.conftest import PASSWORD, bearer


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_either_token_ends_the_session_immediately(
    client: FlaskClient, tokens: dict[str, str], kind: str
) -> None:
    answer = client.post("/logout", headers=bearer(tokens[kind]))
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers
    for method, path, name in (
        ("GET", "/me", "access_token"),
        ("POST", "/refresh", "refresh_token"),
        ("POST", "/logout", "access_token"),
        ("POST", "/logout", "refresh_token"),
    ):
        refused = client.open(path, method=method, headers=bearer(tokens[name]))
        assert (refused.status_code, refused.get_json()["code"]) == (401, "session_ended")
        assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


def test_other_sessions_of_the_same_user_continue(
    client: FlaskClient, tokens: dict[str, str]
) -> None:
    body = {"email": "ada@example.com", "password": PASSWORD}
    other = client.post("/login", json=body).get_json()
    client.post("/logout", headers=bearer(tokens["access_token"]))
    assert client.get("/me", headers=bearer(other["access_token"])).status_code == 200


def test_token_without_a_session_is_revoked_alone(
    app: Flask, client: FlaskClient, ada: User
) -> None:
    with app.app_context():
        gone, kept = create_access_token(ada.id), create_access_token(ada.id)
    assert client.post("/logout", headers=bearer(gone)).status_code == 204
    refused = client.get("/me", headers=bearer(gone))
    assert (refused.status_code, refused.get_json()["code"]) == (401, "token_revoked")
    assert client.get("/me", headers=bearer(kept)).status_code == 200


def test_logout_without_a_token_is_rejected(client: FlaskClient) -> None:
    answer = client.post("/logout")
    assert (answer.status_code, answer.get_json()["code"]) == (401, "missing_token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
