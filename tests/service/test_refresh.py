from flask.testing import FlaskClient

from flask_watchword.service.app import create_app
from flask_watchword.service.settings import Settings
from flask_watchword.stores.memory import MemoryUserStore
from tests.service.conftest import bearer


def test_a_refresh_token_gives_a_new_access_token(
    client: FlaskClient, tokens: dict[str, str]
) -> None:
    answer = client.post("/refresh", headers=bearer(tokens["refresh_token"]))
    assert answer.status_code == 200
    body = answer.get_json()
    assert sorted(body) == ["access_token", "expires_in", "token_type"]
    assert body["access_token"] != tokens["access_token"]
    assert answer.headers["Cache-Control"] == "no-store"
    view = client.get("/protected-route", headers=bearer(body["access_token"]))
    assert view.get_json() == {"logged_in_as": "Ada@Example.com"}


def test_an_access_token_does_not_refresh(client: FlaskClient, tokens: dict[str, str]) -> None:
    answer = client.post("/refresh", headers=bearer(tokens["access_token"]))
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "invalid_token"


def test_nothing_does_not_refresh(client: FlaskClient) -> None:
    answer = client.post("/refresh")
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "missing_token"


def test_a_refresh_token_of_a_user_who_is_gone_gives_nothing(
    settings: Settings, tokens: dict[str, str]
) -> None:
    emptied = create_app(settings, users=MemoryUserStore()).test_client()
    answer = emptied.post("/refresh", headers=bearer(tokens["refresh_token"]))
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "user_gone"
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
