from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_watchword.accounts.users import new_user
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from tests.memory_stores.users import MemoryUserStore
from tests.service.conftest import PASSWORD, bearer
from tests.service.places import stores_around


def log_in(client: FlaskClient, email: str = "ada@example.com", agent: str = "a browser") -> str:
    answer = client.post(
        "/login",
        json={"email": email, "password": PASSWORD},
        headers={"User-Agent": agent},
        environ_base={"REMOTE_ADDR": "192.0.2.7"},
    )
    token: str = answer.get_json()["access_token"]
    return token


def listed(client: FlaskClient, token: str) -> list[dict[str, Any]]:
    answer = client.get("/sessions", headers=bearer(token))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    sessions: list[dict[str, Any]] = answer.get_json()["sessions"]
    return sessions


def code_of(client: FlaskClient, token: str) -> str | None:
    body = client.get("/me", headers=bearer(token)).get_json()
    return body.get("code")  # type: ignore[no-any-return]


@pytest.fixture
def client(app: Flask, users: MemoryUserStore, password_hash: str) -> FlaskClient:
    users.add(new_user("eve@example.com", password_hash, 0.0))
    return app.test_client()


def test_user_sees_their_sessions(client: FlaskClient) -> None:
    log_in(client, agent="a telephone")
    log_in(client, email="eve@example.com")
    sessions = listed(client, log_in(client))
    assert {(s["agent"], s["address"], s["current"]) for s in sessions} == {
        ("a telephone", "192.0.2.7", False),
        ("a browser", "192.0.2.7", True),
    }
    assert all(
        sorted(session)
        == [
            "address",
            "agent",
            "created_at",
            "current",
            "elsewhere",
            "expires_at",
            "id",
            "last_seen_at",
        ]
        for session in sessions
    )
    for name in ("created_at", "last_seen_at", "expires_at"):
        assert sessions[0][name].endswith("Z")


def test_last_use_of_a_session_is_shown_to_the_hour(app: Flask, client: FlaskClient) -> None:
    now = 1_700_000_000.0
    app.extensions["flask-jwt-extended"].clock = lambda: now
    body = {"email": "ada@example.com", "password": PASSWORD}
    login = client.post("/login", json=body).get_json()
    now += 3600.0
    pair = client.post("/refresh", headers=bearer(login["refresh_token"])).get_json()
    (session,) = listed(client, pair["access_token"])
    assert session["last_seen_at"] == session["created_at"]
    now += 61.0
    (session,) = listed(client, pair["access_token"])
    assert session["created_at"] == "2023-11-14T22:13:20Z"
    assert session["last_seen_at"] == "2023-11-14T23:00:00Z"
    assert session["expires_at"] == "2023-11-21T23:00:00Z"


def test_one_session_can_end_another(client: FlaskClient) -> None:
    lost, here = log_in(client, agent="lost"), log_in(client)
    (lost_id,) = [s["id"] for s in listed(client, here) if s["agent"] == "lost"]
    answer = client.delete(f"/sessions/{lost_id}", headers=bearer(here))
    assert (answer.status_code, answer.data) == (204, b"")
    assert code_of(client, lost) == "session_ended"
    assert code_of(client, here) is None
    again = client.delete(f"/sessions/{lost_id}", headers=bearer(here))
    assert (again.status_code, again.get_json()["code"]) == (404, "session_not_found")


def test_session_can_end_itself(client: FlaskClient) -> None:
    here = log_in(client)
    (own_id,) = [s["id"] for s in listed(client, here)]
    assert client.delete(f"/sessions/{own_id}", headers=bearer(here)).status_code == 204
    assert code_of(client, here) == "session_ended"


def test_session_of_another_user_is_not_found(client: FlaskClient) -> None:
    adas, eves = log_in(client), log_in(client, email="eve@example.com")
    (adas_id,) = [s["id"] for s in listed(client, adas)]
    answers = [
        client.delete(f"/sessions/{name}", headers=bearer(eves)) for name in (adas_id, "nothing")
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].data == answers[1].data
    assert code_of(client, adas) is None


@pytest.mark.parametrize("name", ["%00", "%F0%9F%98%80", "x" * 4000, "..", "%FF", "' OR 1=1"])
def test_malformed_session_ids_are_not_found(client: FlaskClient, name: str) -> None:
    answer = client.delete(f"/sessions/{name}", headers=bearer(log_in(client)))
    assert answer.status_code == 404
    assert answer.mimetype == "application/json"


def test_all_other_sessions_can_be_ended_at_once(client: FlaskClient) -> None:
    others, here = [log_in(client), log_in(client)], log_in(client)
    eves = log_in(client, email="eve@example.com")
    assert client.delete("/sessions", headers=bearer(here)).status_code == 204
    assert [code_of(client, token) for token in others] == ["session_ended"] * 2
    assert [code_of(client, token) for token in (here, eves)] == [None, None]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/sessions"), ("DELETE", "/sessions"), ("DELETE", "/sessions/x")]
)
def test_without_an_access_token_nothing_is_listed_or_ended(
    client: FlaskClient, method: str, path: str
) -> None:
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "missing_token")


def page(client: FlaskClient, token: str, path: str = "/sessions", **query: Any) -> dict[str, Any]:
    answer = client.get(path, headers=bearer(token), query_string=query)
    assert answer.status_code == 200, answer.get_json()
    body: dict[str, Any] = answer.get_json()
    return body


def test_sessions_are_listed_in_pages(client: FlaskClient) -> None:
    tokens = [log_in(client, agent=f"browser {number}") for number in range(5)]
    whole = page(client, tokens[0])
    assert len(whole["sessions"]) == 5
    assert whole["next"] is None
    agents: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    for _ in range(3):
        found = page(client, tokens[0], **query)
        agents += [one["agent"] for one in found["sessions"]]
        query["after"] = found["next"]
    assert query["after"] is None
    assert agents == [one["agent"] for one in whole["sessions"]]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "after=a&before=b"])
def test_invalid_page_of_sessions_is_rejected(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/sessions?{query}", headers=bearer(log_in(client)))
    assert answer.status_code == 422


def test_after_the_session_of_another_user_there_is_nothing(client: FlaskClient) -> None:
    eve = page(client, log_in(client, email="eve@example.com"))["sessions"][0]["id"]
    assert page(client, log_in(client), after=eve) == {"sessions": [], "next": None}


def test_login_beyond_the_limit_ends_the_oldest_session(
    settings: Settings, users: MemoryUserStore
) -> None:
    limited = replace(settings, sessions_per_user=2)
    stores = stores_around(users)
    client = create_app(limited, stores=stores).test_client()
    first, second, third = (log_in(client, agent=f"browser {number}") for number in range(3))
    assert code_of(client, first) == "session_ended"
    assert code_of(client, second) is None
    assert len(listed(client, third)) == 2
    entries = stores.accounts.repositories.audit_log.newest(10, event="oldest_sessions_ended")
    assert [dict(entry.event.detail) for entry in entries] == [{"ended": 1}]


def test_without_a_limit_every_session_stays(settings: Settings, users: MemoryUserStore) -> None:
    unlimited = replace(settings, sessions_per_user=0)
    client = create_app(unlimited, stores=stores_around(users)).test_client()
    assert client.application.config["WATCHWORD_SESSIONS_PER_SUBJECT"] is None
    tokens = [log_in(client) for _ in range(5)]
    assert [code_of(client, token) for token in tokens] == [None] * 5


def test_user_has_a_hundred_sessions_by_default(app: Flask) -> None:
    assert app.config["WATCHWORD_SESSIONS_PER_SUBJECT"] == 100
