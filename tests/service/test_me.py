from dataclasses import replace

from flask.testing import FlaskClient

from flask_watchword.accounts.users import User
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores
from tests.service.conftest import bearer
from tests.service.places import empty_accounts


def test_logged_in_user_gets_their_record(
    client: FlaskClient, tokens: dict[str, str], ada: User
) -> None:
    answer = client.get("/me", headers=bearer(tokens["access_token"]))
    assert answer.status_code == 200
    assert answer.get_json() == {
        "id": ada.id,
        "email": "Ada@Example.com",
        "created_at": "1970-01-01T00:00:00Z",
        "email_verified": False,
        "roles": [],
        "scopes": [],
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_scheme_is_case_insensitive(client: FlaskClient, tokens: dict[str, str]) -> None:
    for scheme in ("bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {tokens['access_token']}"}
        assert client.get("/me", headers=headers).status_code == 200


def test_other_requests_are_rejected(client: FlaskClient, tokens: dict[str, str]) -> None:
    assert client.get("/me").get_json()["code"] == "missing_token"
    refused = client.get("/me", headers=bearer(tokens["refresh_token"]))
    assert (refused.status_code, refused.get_json()["code"]) == (401, "invalid_token")


def test_deleted_user_is_reported_as_deleted(
    settings: Settings, stores: Stores, tokens: dict[str, str]
) -> None:
    emptied = create_app(settings, stores=replace(stores, accounts=empty_accounts())).test_client()
    answer = emptied.get("/me", headers=bearer(tokens["access_token"]))
    assert (answer.status_code, answer.get_json()["code"]) == (401, "user_gone")
