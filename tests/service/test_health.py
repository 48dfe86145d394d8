from typing import Any

import pytest
from flask.testing import FlaskClient

from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.memory_sessions import MemorySessionStore
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from tests.memory_stores.users import MemoryUserStore
from tests.service.conftest import PASSWORD, bearer
from tests.service.places import stores_around


class DownStore(MemoryUserStore):
    """A store that does not respond."""

    def ping(self) -> None:
        raise StoreUnavailable("connection refused")

    def by_email(self, email_key: str) -> None:
        raise StoreUnavailable("connection refused")


@pytest.fixture
def stranded(settings: Settings) -> FlaskClient:
    return create_app(settings, stores=stores_around(DownStore())).test_client()


def test_healthy_service_responds_with_200(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.get_json() == {"status": "ok"}


def test_ready_service_lists_its_stores(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    stores = {"database": "up", "sessions": "up", "throttle": "up"}
    assert answer.get_json() == {"status": "ready", "stores": stores}


def test_service_without_its_store_is_live_but_not_ready(stranded: FlaskClient) -> None:
    assert stranded.get("/healthz").status_code == 200
    answer = stranded.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json() == {
        "msg": "No answer from: database",
        "code": "store_unavailable",
        "stores": {"database": "down", "sessions": "up", "throttle": "up"},
    }
    assert answer.headers["Retry-After"] == "2"


def test_login_without_the_store_is_503_and_not_401(stranded: FlaskClient) -> None:
    answer = stranded.post("/login", json={"email": "ada@example.com", "password": PASSWORD})
    assert answer.status_code == 503


def test_service_with_an_unprepared_database_is_not_ready(settings: Settings) -> None:
    assert create_app(settings).test_client().get("/readyz").status_code == 503


class DownSessions(MemorySessionStore):
    """A session store that can be switched to fail."""

    down = False

    def __getattribute__(self, name: str) -> Any:
        if name in _ASKING and MemorySessionStore.__getattribute__(self, "down"):
            raise StoreUnavailable("connection refused")
        return super().__getattribute__(name)


_ASKING = {"start", "rotate", "get", "end", "end_all", "of_subject"}


@pytest.mark.parametrize(
    ("method", "path", "token"),
    [
        ("POST", "/login", None),
        ("POST", "/refresh", "refresh_token"),
        ("POST", "/logout", "access_token"),
        ("GET", "/sessions", "access_token"),
        ("DELETE", "/sessions", "access_token"),
        ("DELETE", "/sessions/x", "access_token"),
        ("GET", "/readyz", None),
    ],
)
def test_without_the_session_store_requests_fail_closed_with_503(
    settings: Settings, users: MemoryUserStore, method: str, path: str, token: str | None
) -> None:
    sessions = DownSessions()
    client = create_app(settings, stores=stores_around(users, sessions)).test_client()
    body = {"email": "ada@example.com", "password": PASSWORD}
    tokens = client.post("/login", json=body).get_json()
    sessions.down = True
    answer = client.open(
        path, method=method, json=body, headers=bearer(tokens[token]) if token else {}
    )
    assert answer.status_code == 503
    assert answer.get_json()["code"] == "store_unavailable"
    assert answer.headers["Retry-After"] == "2"
