import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask.testing import FlaskClient

from flask_watchword.extension.state import state_of

EXAMPLE = Path(__file__).parents[2] / "examples" / "sessions.py"


@pytest.fixture(params=["memory://", "sqlite:///{folder}/sessions.db"])
def example(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ModuleType]:
    # Created for each test, with its own users and store.
    monkeypatch.setenv("FLASK_WATCHWORD_SESSION_STORE", request.param.format(folder=tmp_path))
    module = importlib.reload(importlib.import_module("examples.sessions"))
    yield module
    feed = state_of(module.app).revocations
    assert feed is not None
    feed.close()
    module.app.extensions["flask-watchword-sessions"].close()


@pytest.fixture
def client(example: ModuleType) -> FlaskClient:
    client: FlaskClient = example.app.test_client()
    return client


def log_in(client: FlaskClient) -> dict[str, Any]:
    answer = client.post("/login", data={"name": "ada", "password": "enigma"})
    assert answer.status_code == 200
    pair: dict[str, Any] = answer.get_json()
    return pair


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_example_is_shorter_than_sixty_lines() -> None:
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 60


@pytest.mark.parametrize("form", [{}, {"name": "ada"}, {"name": "eve", "password": ""},
                                  {"name": "ada", "password": "wrong"}])  # fmt: skip
def test_wrong_login_is_rejected(client: FlaskClient, form: dict[str, str]) -> None:
    assert client.post("/login", data=form).status_code == 401


def test_session_works_from_login_to_logout(client: FlaskClient) -> None:
    here, there = log_in(client), log_in(client)
    me = client.get("/me", headers=bearing(here["access_token"])).get_json()
    assert me == {"me": "ada", "role": "admin", "devices": 2}
    pair = client.post("/refresh", headers=bearing(here["refresh_token"])).get_json()
    answer = client.post("/logout", headers=bearing(pair["access_token"]))
    assert answer.get_json() == {"ended": True}
    for token in (here["access_token"], pair["access_token"]):
        assert client.get("/me", headers=bearing(token)).status_code == 401
    assert client.get("/me", headers=bearing(there["access_token"])).get_json()["devices"] == 1


def test_logout_everywhere_ends_every_session(client: FlaskClient) -> None:
    here, there = log_in(client), log_in(client)
    answer = client.post("/logout?everywhere", headers=bearing(here["access_token"]))
    assert answer.get_json() == {"ended": 2}
    assert client.get("/me", headers=bearing(there["access_token"])).status_code == 401


def test_role_is_reloaded_and_a_deleted_user_is_rejected(
    example: ModuleType, client: FlaskClient
) -> None:
    pair = log_in(client)
    example.USERS["ada"]["role"] = "clerk"
    pair = client.post("/refresh", headers=bearing(pair["refresh_token"])).get_json()
    me = client.get("/me", headers=bearing(pair["access_token"])).get_json()
    assert me["role"] == "clerk"
    example.USERS.clear()
    assert client.post("/refresh", headers=bearing(pair["refresh_token"])).status_code == 401
