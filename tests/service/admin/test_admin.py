"""Admin endpoints: what admins may do, who is an admin, and which audit events are written."""

from dataclasses import replace
from typing import Any

import pyotp
import pytest
from werkzeug.test import TestResponse

from flask_watchword.accounts.users import User
from flask_watchword.clock import system_clock
from flask_watchword.extension.state import state_of
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.sql.audit import SqlAuditLog
from flask_watchword.service.access import ADMIN, ADMIN_SIGN_IN_SECONDS, RECENT_ADMIN
from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.features.table import FEATURES, endpoints_of
from tests.service.under_test import BETTER, EMAIL, GOOD, ServiceUnderTest, failing

BOSS = "boss@example.com"
ADMIN_ENDPOINTS = [one for one in endpoints_of(FEATURES) if one.access in (ADMIN, RECENT_ADMIN)]


def status_and_code(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


@pytest.fixture
def admin_user(service: ServiceUnderTest) -> User:
    user = service.add(BOSS)
    service.parts.stores.users.set_roles(user.id, frozenset({"admin"}))
    return user


@pytest.fixture
def token(service: ServiceUnderTest, admin_user: User) -> str:
    return str(service.pair(BOSS)["access_token"])


def get(service: ServiceUnderTest, path: str, token: str, **query: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"}
    return service.client.get(path, query_string=query, headers=headers)


def newest(service: ServiceUnderTest) -> tuple[str, str, dict[str, Any]]:
    """Return name, subject and detail of the newest entry of the audit log."""
    (entry,) = service.parts.repositories.audit_log.newest(1)
    return entry.event.event, entry.event.subject, dict(entry.event.detail)


# Who may ------------------------------------------------------------------------------------


def test_reading_requires_an_admin_and_writing_also_a_recent_login() -> None:
    for one in ADMIN_ENDPOINTS:
        assert one.access is (ADMIN if one.method == "GET" else RECENT_ADMIN)
    assert all(one.path.startswith("/admin/") for one in ADMIN_ENDPOINTS)


@pytest.mark.parametrize("one", ADMIN_ENDPOINTS, ids=lambda one: one.name)
def test_other_users_are_rejected(
    service: ServiceUnderTest, admin_user: User, one: Endpoint
) -> None:
    service.add()
    path = one.path.replace("<", "").replace(">", "")
    assert status_and_code(service.ask(one.method, path)) == (401, "missing_token")
    refused = service.ask(one.method, path, service.pair()["access_token"])
    assert status_and_code(refused) == (403, "insufficient_role")
    refresh = service.ask(one.method, path, service.pair(BOSS)["refresh_token"])
    assert refresh.status_code == 401


@pytest.mark.parametrize("one", ADMIN_ENDPOINTS, ids=lambda one: one.name)
def test_former_admin_is_rejected_on_the_next_request(
    service: ServiceUnderTest, admin_user: User, token: str, one: Endpoint
) -> None:
    # Only the store is changed, so the rejection does not come from an ended session.
    path = one.path.replace("<", "").replace(">", "")
    service.parts.stores.users.set_roles(admin_user.id, frozenset())
    assert status_and_code(service.ask(one.method, path, token)) == (403, "insufficient_role")
    service.parts.stores.users.disable(admin_user.id, 0.0)
    assert status_and_code(service.ask(one.method, path, token)) == (401, "user_disabled")
    service.parts.stores.users.delete(admin_user.id)
    assert status_and_code(service.ask(one.method, path, token)) == (401, "user_gone")


def test_old_login_may_read_but_not_write(
    service: ServiceUnderTest, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = system_clock() - ADMIN_SIGN_IN_SECONDS - 60
    with monkeypatch.context() as then:
        then.setattr(state_of(service.app).callbacks, "clock", lambda: long_ago)
        pair = service.pair(BOSS)
    token = service.post("/refresh", pair["refresh_token"]).get_json()["access_token"]
    assert get(service, "/admin/users", token).status_code == 200
    refused = service.ask("PATCH", f"/admin/users/{admin_user.id}", token, scopes=["x"])
    assert status_and_code(refused) == (401, "insufficient_user_authentication")
    assert "max_age" in refused.headers["WWW-Authenticate"]


# Users --------------------------------------------------------------------------------------


def test_users_are_listed_in_pages_and_found_by_part_of_their_address(
    service: ServiceUnderTest, token: str
) -> None:
    for name in ("ada", "bob", "carol"):
        service.add(f"{name}@example.com")
    seen, after = [], ""
    while True:
        page = get(service, "/admin/users", token, limit=3, after=after).get_json()
        seen += [user["email"] for user in page["users"]]
        if page["next"] is None:
            break
        assert len(page["users"]) == 3
        after = page["next"]
    assert seen == [f"{name}@example.com" for name in ("ada", "bob", "boss", "carol")]
    found = get(service, "/admin/users", token, search=" BO").get_json()
    assert [user["email"] for user in found["users"]] == ["bob@example.com", BOSS]
    assert get(service, "/admin/users", token, search="%").get_json() == {"users": [], "next": None}


def test_user_is_shown_without_secrets(service: ServiceUnderTest, token: str) -> None:
    user = service.add()
    shown = get(service, f"/admin/users/{user.id}", token)
    assert shown.headers["Cache-Control"] == "no-store"
    assert shown.get_json() == {
        "id": user.id,
        "email": EMAIL,
        "created_at": shown.get_json()["created_at"],
        "email_verified_at": None,
        "password_changed_at": None,
        "disabled_at": None,
        "roles": [],
        "scopes": [],
    }
    assert status_and_code(get(service, "/admin/users/nobody", token)) == (404, "user_not_found")


def test_invited_user_sets_a_password_with_the_emailed_code(
    service: ServiceUnderTest, admin_user: User, token: str
) -> None:
    invited = service.post("/admin/users", token, email=EMAIL, roles=["editor"], scopes=["a:b"])
    assert invited.status_code == 201
    assert (invited.get_json()["roles"], invited.get_json()["scopes"]) == (["editor"], ["a:b"])
    name, subject, detail = newest(service)
    assert (name, subject) == ("user_added", invited.get_json()["id"])
    assert detail["actor"] == admin_user.id
    code = service.code()
    assert service.post("/password/reset", code=code, password=GOOD).status_code == 200
    assert service.pair(EMAIL)
    again = service.post("/admin/users", token, email=EMAIL.lower())
    assert status_and_code(again) == (409, "email_taken")
    assert service.mail()[-1].kind == "password_changed"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": EMAIL, "roles": ["two words"]}, None),
        ({"email": EMAIL, "roles": ["x" * 65]}, "roles"),
        ({"email": EMAIL, "roles": ["x"] * 33}, "roles"),
        ({"email": EMAIL, "password": GOOD}, "password"),
        ({"roles": []}, "email"),
    ],
)
def test_rejected_invitation_stores_nothing(
    service: ServiceUnderTest, token: str, body: dict[str, Any], field: str | None
) -> None:
    refused = service.post("/admin/users", token, **body)
    assert status_and_code(refused) == (422, "invalid_field")
    assert refused.get_json().get("field") == field
    assert service.user() is None
    assert service.mail() == []


def test_added_roles_apply_at_the_next_refresh_and_removed_roles_immediately(
    service: ServiceUnderTest, admin_user: User, token: str
) -> None:
    user = service.add()
    pair = service.pair()
    given = service.ask("PATCH", f"/admin/users/{user.id}", token, roles=["editor", "admin"])
    assert given.get_json()["roles"] == ["admin", "editor"]
    name, _, detail = newest(service)
    assert (name, detail) == (
        "roles_changed",
        {"actor": admin_user.id, "roles": "admin editor", "before": ""},
    )
    again = service.post("/refresh", pair["refresh_token"]).get_json()
    assert get(service, "/admin/users", again["access_token"]).status_code == 200
    service.ask("PATCH", f"/admin/users/{user.id}", token, roles=["editor"])
    for ended in (pair, again):
        assert status_and_code(service.me(ended["access_token"])) == (401, "session_ended")
    assert service.me(service.pair()["access_token"]).get_json()["roles"] == ["editor"]


def test_disabled_user_is_rejected_on_every_endpoint_until_enabled(
    service: ServiceUnderTest, token: str
) -> None:
    user = service.add()
    pair = service.pair()
    assert service.me(pair["access_token"]).status_code == 200
    off = service.ask("PATCH", f"/admin/users/{user.id}", token, disabled=True)
    assert off.get_json()["disabled_at"] is not None
    assert service.me(pair["access_token"]).status_code == 401
    assert service.post("/refresh", pair["refresh_token"]).status_code == 401
    assert status_and_code(service.log_in()) == (401, "invalid_credentials")
    on = service.ask("PATCH", f"/admin/users/{user.id}", token, disabled=False)
    assert on.get_json()["disabled_at"] is None
    assert service.me(pair["access_token"]).status_code == 401
    assert service.me(service.pair()["access_token"]).status_code == 200
    assert service.events().count("user_disabled") == service.events().count("user_enabled") == 1


def test_last_admin_cannot_be_removed(
    service: ServiceUnderTest, admin_user: User, token: str
) -> None:
    path = f"/admin/users/{admin_user.id}"
    for refused in (
        service.ask("PATCH", path, token, roles=[]),
        service.ask("PATCH", path, token, disabled=True),
        service.ask("DELETE", path, token),
    ):
        assert status_and_code(refused) == (409, "last_admin")
    # A rejected request ends no session.
    assert service.me(token).get_json()["roles"] == ["admin"]


def test_deleting_a_user_deletes_their_data(service: ServiceUnderTest, token: str) -> None:
    user = service.add()
    pair = service.pair()
    assert service.ask("DELETE", f"/admin/users/{user.id}", token).status_code == 204
    assert service.me(pair["access_token"]).status_code == 401
    assert service.log_in().status_code == 401
    assert status_and_code(service.ask("DELETE", f"/admin/users/{user.id}", token)) == (
        404,
        "user_not_found",
    )
    assert newest(service)[:2] != ("user_deleted", "")
    assert "user_deleted" in service.events()


# Sessions, and help -------------------------------------------------------------------------


def test_sessions_of_a_user_are_listed_and_ended(
    service: ServiceUnderTest, admin_user: User, token: str
) -> None:
    user = service.add()
    pairs = [service.pair() for _ in range(3)]
    path = f"/admin/users/{user.id}/sessions"
    listed = get(service, path, token).get_json()["sessions"]
    assert len(listed) == 3
    assert not any(session["current"] for session in listed)
    assert service.ask("DELETE", f"{path}/{listed[0]['id']}", token).status_code == 204
    assert [service.me(pair["access_token"]).status_code for pair in pairs].count(401) == 1
    again = service.ask("DELETE", f"{path}/{listed[0]['id']}", token)
    assert status_and_code(again) == (404, "session_not_found")
    assert service.ask("DELETE", path, token).status_code == 204
    assert [service.me(pair["access_token"]).status_code for pair in pairs] == [401] * 3
    assert newest(service) == ("sessions_ended", user.id, {"actor": admin_user.id, "ended": 2})


def test_session_is_ended_only_through_its_own_user(service: ServiceUnderTest, token: str) -> None:
    user, other = service.add(), service.add("bob@example.com")
    pair = service.pair()
    (session,) = get(service, f"/admin/users/{user.id}/sessions", token).get_json()["sessions"]
    wrong = service.ask("DELETE", f"/admin/users/{other.id}/sessions/{session['id']}", token)
    assert status_and_code(wrong) == (404, "session_not_found")
    assert service.me(pair["access_token"]).status_code == 200


def test_admin_reset_mails_a_code_and_ends_every_session(
    service: ServiceUnderTest, token: str
) -> None:
    user = service.add()
    pair = service.pair()
    path = f"/admin/users/{user.id}/password-reset"
    assert service.ask("POST", path, token).status_code == 202
    assert service.me(pair["access_token"]).status_code == 401
    assert service.post("/password/reset", code=service.code(), password=BETTER).status_code == 200
    assert service.pair(password=BETTER)
    service.parts.stores.users.disable(user.id, 0.0)
    assert status_and_code(service.ask("POST", path, token)) == (409, "user_disabled")


def test_removing_a_lost_second_factor_notifies_its_owner(
    service: ServiceUnderTest, token: str
) -> None:
    user = service.add_verified()
    path = f"/admin/users/{user.id}/totp"
    assert status_and_code(service.ask("DELETE", path, token)) == (409, "second_factor_missing")
    mine = service.pair()["access_token"]
    secret = service.post("/totp/enrol", mine, password=GOOD).get_json()["secret"]
    code = pyotp.TOTP(secret).now()
    assert service.post("/totp/confirm", mine, code=code).status_code == 200
    assert "mfa_required" in service.log_in().get_json()
    service.mail()
    assert service.ask("DELETE", path, token).status_code == 204
    assert [mail.kind for mail in service.mail()] == ["totp_removed"]
    assert service.me(mine).status_code == 401
    assert "access_token" in service.log_in().get_json()


# Keys, audit, metrics -----------------------------------------------------------------------


def test_keys_can_be_rotated_and_a_stolen_key_revoked(
    service: ServiceUnderTest, admin_user: User, token: str
) -> None:
    (first,) = get(service, "/admin/keys", token).get_json()["keys"]
    assert first["state"] == "active"
    rotated = service.post("/admin/keys/rotate", token).get_json()["keys"]
    assert [key["state"] for key in rotated] == ["next", "active"]
    assert status_and_code(service.post("/admin/keys/rotate", token)) == (409, "key_refused")
    assert newest(service) == (
        "key_rotated",
        "",
        {"actor": admin_user.id, "kid": rotated[0]["kid"]},
    )
    refused = service.post(f"/admin/keys/{first['kid']}/retire", token)
    assert status_and_code(refused) == (409, "key_refused")
    withdrawn = service.post(f"/admin/keys/{rotated[0]['kid']}/retire", token).get_json()["keys"]
    assert [key["state"] for key in withdrawn] == ["active", "retired"]
    assert status_and_code(service.post("/admin/keys/none/revoke", token)) == (404, "key_not_found")
    assert service.post(f"/admin/keys/{first['kid']}/revoke", token).status_code == 204
    assert status_and_code(service.me(token)) == (401, "unknown_key")
    states = {
        key["kid"]: key["state"]
        for key in get(service, "/admin/keys", service.pair(BOSS)["access_token"]).get_json()[
            "keys"
        ]
    }
    assert states[first["kid"]] == "revoked"
    assert sorted(states.values()) == ["active", "retired", "revoked"]


def test_key_is_shown_without_key_material(service: ServiceUnderTest, token: str) -> None:
    (key,) = get(service, "/admin/keys", token).get_json()["keys"]
    assert key.keys() == {
        "kid",
        "state",
        "algorithm",
        "published_at",
        "active_from",
        "verify_until",
    }


def test_audit_log_is_read_in_pages_from_the_newest_entry(
    service: ServiceUnderTest, token: str
) -> None:
    user = service.add()
    for _ in range(4):
        service.log_in(password=BETTER)
    seen: list[int] = []
    before: int | None = None
    while True:
        query = {"limit": 2} | ({} if before is None else {"before": before})
        page = get(service, "/admin/audit", token, **query).get_json()
        seen += [entry["seq"] for entry in page["entries"]]
        before = page["next"]
        if before is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 1
    failed = get(service, "/admin/audit", token, subject=user.id, event="login_failed").get_json()
    assert [entry["event"] for entry in failed["entries"]] == ["login_failed"] * 4
    assert failed["next"] is None


def test_statistics_count_the_stored_records(service: ServiceUnderTest, token: str) -> None:
    user = service.add()
    service.parts.stores.users.disable(user.id, 0.0)
    shown = get(service, "/admin/figures", token).get_json()
    assert (shown["users"], shown["disabled_users"], shown["keys"]) == (2, 1, {"active": 1})
    assert shown["audit_entries"] == len(service.events())
    assert shown["revocations"]["entries"] == 0


def test_change_is_rolled_back_when_its_audit_entry_cannot_be_written(
    service: ServiceUnderTest, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = service.add()
    monkeypatch.setattr(SqlAuditLog, "append", failing(StoreUnavailable("full")))
    path = f"/admin/users/{user.id}"
    for answer in (
        service.ask("PATCH", path, token, disabled=True, roles=["admin"]),
        service.ask("DELETE", path, token),
        service.post("/admin/users", token, email="new@example.com"),
    ):
        assert status_and_code(answer) == (503, "store_unavailable")
    assert service.user() == replace(user)
    assert service.user("new@example.com") is None
    assert service.mail() == []
