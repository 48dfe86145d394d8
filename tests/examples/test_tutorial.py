import importlib
from types import ModuleType

import pytest
from flask.testing import FlaskClient

ADA = {"email": "test@example.com", "password": "password"}
START = 1_700_000_000.0


class StoppedClock:
    """A clock that moves only when the test changes it."""

    now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def tutorial() -> ModuleType:
    # Created for each test, with its own secret.
    return importlib.reload(importlib.import_module("examples.tutorial"))


@pytest.fixture
def clock(tutorial: ModuleType) -> StoppedClock:
    stopped = StoppedClock()
    tutorial.jwt.clock = stopped
    return stopped


@pytest.fixture
def client(tutorial: ModuleType) -> FlaskClient:
    client: FlaskClient = tutorial.app.test_client()
    return client


def log_in(client: FlaskClient) -> tuple[dict[str, str], dict[str, str]]:
    """Return the headers for the access token and for the refresh token."""
    answer = client.post("/login", json=ADA)
    assert answer.status_code == 200
    body = answer.get_json()
    access, refresh = body["access_token"], body["refresh_token"]
    return {"Authorization": f"Bearer {access}"}, {"Authorization": f"Bearer {refresh}"}


def test_protected_route_accepts_a_logged_in_user(client: FlaskClient) -> None:
    access, _ = log_in(client)
    answer = client.get("/protected-route", headers=access)
    assert answer.status_code == 200
    assert answer.get_json() == {"logged_in_as": "test@example.com"}


def test_protected_route_rejects_requests_without_a_token(client: FlaskClient) -> None:
    answer = client.get("/protected-route")
    assert answer.status_code == 401
    assert answer.get_json() == {"msg": "Missing Authorization Header"}


@pytest.mark.parametrize("body", [None, [], "text", 5])
def test_login_without_a_json_object_is_rejected(client: FlaskClient, body: object) -> None:
    answer = client.post("/login", json=body)
    assert answer.status_code == 400
    assert answer.get_json() == {"msg": "Missing JSON in request"}


def test_login_that_is_not_json_is_rejected(client: FlaskClient) -> None:
    assert client.post("/login", data="email=test@example.com").status_code == 400


@pytest.mark.parametrize(
    "change", [{"password": "wrong"}, {"password": None}, {"password": ["é"]}, {"email": "eve"}]
)
def test_wrong_login_is_rejected(client: FlaskClient, change: dict[str, object]) -> None:
    answer = client.post("/login", json=ADA | change)
    assert answer.status_code == 401
    assert answer.get_json() == {"msg": "Bad email or password"}


def test_refresh_token_gives_a_new_access_token_when_the_old_one_has_expired(
    client: FlaskClient, clock: StoppedClock
) -> None:
    access, refresh = log_in(client)
    clock.now = START + 15 * 60
    assert client.get("/protected-route", headers=access).status_code == 401
    answer = client.post("/refresh", headers=refresh)
    assert answer.status_code == 200
    renewed = {"Authorization": f"Bearer {answer.get_json()['access_token']}"}
    assert client.get("/protected-route", headers=renewed).status_code == 200


def test_access_token_cannot_refresh(client: FlaskClient) -> None:
    access, _ = log_in(client)
    assert client.post("/refresh", headers=access).status_code == 422


def test_expired_route_accepts_only_expired_tokens(
    client: FlaskClient, clock: StoppedClock
) -> None:
    access, _ = log_in(client)
    assert client.post("/expired", headers=access).status_code == 422
    clock.now = START + 15 * 60
    answer = client.post("/expired", headers=access)
    assert answer.status_code == 401
    assert answer.get_json() == {"msg": "The token has expired"}
