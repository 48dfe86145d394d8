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
from tests.service.site import BETTER, EMAIL, GOOD, Site, failing

BOSS = "boss@example.com"
ADMIN_ENDPOINTS = [one for one in endpoints_of(FEATURES) if one.access in (ADMIN, RECENT_ADMIN)]


def status_and_code(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


@pytest.fixture
def admin_user(ours: Site) -> User:
    user = ours.add(BOSS)
    ours.parts.stores.users.set_roles(user.id, frozenset({"admin"}))
    return user


@pytest.fixture
def token(ours: Site, admin_user: User) -> str:
    return str(ours.pair(BOSS)["access_token"])


def get(ours: Site, path: str, token: str, **query: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"}
    return ours.client.get(path, query_string=query, headers=headers)


def newest(ours: Site) -> tuple[str, str, dict[str, Any]]:
    """Return name, subject and detail of the newest entry of the audit log."""
    (entry,) = ours.parts.repositories.audit_log.newest(1)
    return entry.event.event, entry.event.subject, dict(entry.event.detail)


# Who may ------------------------------------------------------------------------------------


def test_reading_requires_an_admin_and_writing_also_a_recent_login() -> None:
    for one in ADMIN_ENDPOINTS:
        assert one.access is (ADMIN if one.method == "GET" else RECENT_ADMIN)
    assert all(one.path.startswith("/admin/") for one in ADMIN_ENDPOINTS)


@pytest.mark.parametrize("one", ADMIN_ENDPOINTS, ids=lambda one: one.name)
def test_other_users_are_rejected(ours: Site, admin_user: User, one: Endpoint) -> None:
    ours.add()
    path = one.path.replace("<", "").replace(">", "")
    assert status_and_code(ours.ask(one.method, path)) == (401, "missing_token")
    refused = ours.ask(one.method, path, ours.pair()["access_token"])
    assert status_and_code(refused) == (403, "insufficient_role")
    refresh = ours.ask(one.method, path, ours.pair(BOSS)["refresh_token"])
    assert refresh.status_code == 401


@pytest.mark.parametrize("one", ADMIN_ENDPOINTS, ids=lambda one: one.name)
def test_former_admin_is_rejected_on_the_next_request(
    ours: Site, admin_user: User, token: str, one: Endpoint
) -> None:
    # Only the store is changed, so the rejection does not come from an ended session.
    path = one.path.replace("<", "").replace(">", "")
    ours.parts.stores.users.set_roles(admin_user.id, frozenset())
    assert status_and_code(ours.ask(one.method, path, token)) == (403, "insufficient_role")
    ours.parts.stores.users.disable(admin_user.id, 0.0)
    assert status_and_code(ours.ask(one.method, path, token)) == (401, "user_disabled")
    ours.parts.stores.users.delete(admin_user.id)
    assert status_and_code(ours.ask(one.method, path, token)) == (401, "user_gone")


def test_old_login_may_read_but_not_write(
    ours: Site, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = system_clock() - ADMIN_SIGN_IN_SECONDS - 60
    with monkeypatch.context() as then:
        then.setattr(state_of(ours.app).callbacks, "clock", lambda: long_ago)
        pair = ours.pair(BOSS)
    token = ours.post("/refresh", pair["refresh_token"]).get_json()["access_token"]
    assert get(ours, "/admin/users", token).status_code == 200
    refused = ours.ask("PATCH", f"/admin/users/{admin_user.id}", token, scopes=["x"])
    assert status_and_code(refused) == (401, "insufficient_user_authentication")
    assert "max_age" in refused.headers["WWW-Authenticate"]


# Users --------------------------------------------------------------------------------------


def test_users_are_listed_in_pages_and_found_by_part_of_their_address(
    ours: Site, token: str
) -> None:
    for name in ("ada", "bob", "carol"):
        ours.add(f"{name}@example.com")
    seen, after = [], ""
    while True:
        page = get(ours, "/admin/users", token, limit=3, after=after).get_json()
        seen += [user["email"] for user in page["users"]]
        if page["next"] is None:
            break
        assert len(page["users"]) == 3
        after = page["next"]
    assert seen == [f"{name}@example.com" for name in ("ada", "bob", "boss", "carol")]
    found = get(ours, "/admin/users", token, search=" BO").get_json()
    assert [user["email"] for user in found["users"]] == ["bob@example.com", BOSS]
    assert get(ours, "/admin/users", token, search="%").get_json() == {"users": [], "next": None}


def test_user_is_shown_without_secrets(ours: Site, token: str) -> None:
    user = ours.add()
    shown = get(ours, f"/admin/users/{user.id}", token)
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
    assert status_and_code(get(ours, "/admin/users/nobody", token)) == (404, "user_not_found")


def test_invited_user_sets_a_password_with_the_emailed_code(
    ours: Site, admin_user: User, token: str
) -> None:
    invited = ours.post("/admin/users", token, email=EMAIL, roles=["editor"], scopes=["a:b"])
    assert invited.status_code == 201
    assert (invited.get_json()["roles"], invited.get_json()["scopes"]) == (["editor"], ["a:b"])
    name, subject, detail = newest(ours)
    assert (name, subject) == ("user_added", invited.get_json()["id"])
    assert detail["actor"] == admin_user.id
    code = ours.code()
    assert ours.post("/password/reset", code=code, password=GOOD).status_code == 200
    assert ours.pair(EMAIL)
    again = ours.post("/admin/users", token, email=EMAIL.lower())
    assert status_and_code(again) == (409, "email_taken")
    assert ours.mail()[-1].kind == "password_changed"


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
    ours: Site, token: str, body: dict[str, Any], field: str | None
) -> None:
    refused = ours.post("/admin/users", token, **body)
    assert status_and_code(refused) == (422, "invalid_field")
    assert refused.get_json().get("field") == field
    assert ours.user() is None
    assert ours.mail() == []


def test_added_roles_apply_at_the_next_refresh_and_removed_roles_immediately(
    ours: Site, admin_user: User, token: str
) -> None:
    user = ours.add()
    pair = ours.pair()
    given = ours.ask("PATCH", f"/admin/users/{user.id}", token, roles=["editor", "admin"])
    assert given.get_json()["roles"] == ["admin", "editor"]
    name, _, detail = newest(ours)
    assert (name, detail) == (
        "roles_changed",
        {"actor": admin_user.id, "roles": "admin editor", "before": ""},
    )
    again = ours.post("/refresh", pair["refresh_token"]).get_json()
    assert get(ours, "/admin/users", again["access_token"]).status_code == 200
    ours.ask("PATCH", f"/admin/users/{user.id}", token, roles=["editor"])
    for ended in (pair, again):
        assert status_and_code(ours.me(ended["access_token"])) == (401, "session_ended")
    assert ours.me(ours.pair()["access_token"]).get_json()["roles"] == ["editor"]


def test_disabled_user_is_rejected_on_every_endpoint_until_enabled(ours: Site, token: str) -> None:
    user = ours.add()
    pair = ours.pair()
    assert ours.me(pair["access_token"]).status_code == 200
    off = ours.ask("PATCH", f"/admin/users/{user.id}", token, disabled=True)
    assert off.get_json()["disabled_at"] is not None
    assert ours.me(pair["access_token"]).status_code == 401
    assert ours.post("/refresh", pair["refresh_token"]).status_code == 401
    assert status_and_code(ours.log_in()) == (401, "invalid_credentials")
    on = ours.ask("PATCH", f"/admin/users/{user.id}", token, disabled=False)
    assert on.get_json()["disabled_at"] is None
    assert ours.me(pair["access_token"]).status_code == 401
    assert ours.me(ours.pair()["access_token"]).status_code == 200
    assert ours.events().count("user_disabled") == ours.events().count("user_enabled") == 1


def test_last_admin_cannot_be_removed(ours: Site, admin_user: User, token: str) -> None:
    path = f"/admin/users/{admin_user.id}"
    for refused in (
        ours.ask("PATCH", path, token, roles=[]),
        ours.ask("PATCH", path, token, disabled=True),
        ours.ask("DELETE", path, token),
    ):
        assert status_and_code(refused) == (409, "last_admin")
    # A rejected request ends no session.
    assert ours.me(token).get_json()["roles"] == ["admin"]


def test_deleting_a_user_deletes_their_data(ours: Site, token: str) -> None:
    user = ours.add()
    pair = ours.pair()
    assert ours.ask("DELETE", f"/admin/users/{user.id}", token).status_code == 204
    assert ours.me(pair["access_token"]).status_code == 401
    assert ours.log_in().status_code == 401
    assert status_and_code(ours.ask("DELETE", f"/admin/users/{user.id}", token)) == (
        404,
        "user_not_found",
    )
    assert newest(ours)[:2] != ("user_deleted", "")
    assert "user_deleted" in ours.events()


# Sessions, and help -------------------------------------------------------------------------


def test_sessions_of_a_user_are_listed_and_ended(ours: Site, admin_user: User, token: str) -> None:
    user = ours.add()
    pairs = [ours.pair() for _ in range(3)]
    path = f"/admin/users/{user.id}/sessions"
    listed = get(ours, path, token).get_json()["sessions"]
    assert len(listed) == 3
    assert not any(session["current"] for session in listed)
    assert ours.ask("DELETE", f"{path}/{listed[0]['id']}", token).status_code == 204
    assert [ours.me(pair["access_token"]).status_code for pair in pairs].count(401) == 1
    again = ours.ask("DELETE", f"{path}/{listed[0]['id']}", token)
    assert status_and_code(again) == (404, "session_not_found")
    assert ours.ask("DELETE", path, token).status_code == 204
    assert [ours.me(pair["access_token"]).status_code for pair in pairs] == [401] * 3
    assert newest(ours) == ("sessions_ended", user.id, {"actor": admin_user.id, "ended": 2})


def test_session_is_ended_only_through_its_own_user(ours: Site, token: str) -> None:
    user, other = ours.add(), ours.add("bob@example.com")
    pair = ours.pair()
    (session,) = get(ours, f"/admin/users/{user.id}/sessions", token).get_json()["sessions"]
    wrong = ours.ask("DELETE", f"/admin/users/{other.id}/sessions/{session['id']}", token)
    assert status_and_code(wrong) == (404, "session_not_found")
    assert ours.me(pair["access_token"]).status_code == 200


def test_admin_reset_mails_a_code_and_ends_every_session(ours: Site, token: str) -> None:
    user = ours.add()
    pair = ours.pair()
    path = f"/admin/users/{user.id}/password-reset"
    assert ours.ask("POST", path, token).status_code == 202
    assert ours.me(pair["access_token"]).status_code == 401
    assert ours.post("/password/reset", code=ours.code(), password=BETTER).status_code == 200
    assert ours.pair(password=BETTER)
    ours.parts.stores.users.disable(user.id, 0.0)
    assert status_and_code(ours.ask("POST", path, token)) == (409, "user_disabled")


def test_removing_a_lost_second_factor_notifies_its_owner(ours: Site, token: str) -> None:
    user = ours.add_verified()
    path = f"/admin/users/{user.id}/totp"
    assert status_and_code(ours.ask("DELETE", path, token)) == (409, "second_factor_missing")
    mine = ours.pair()["access_token"]
    secret = ours.post("/totp/enrol", mine, password=GOOD).get_json()["secret"]
    code = pyotp.TOTP(secret).now()
    assert ours.post("/totp/confirm", mine, code=code).status_code == 200
    assert "mfa_required" in ours.log_in().get_json()
    ours.mail()
    assert ours.ask("DELETE", path, token).status_code == 204
    assert [mail.kind for mail in ours.mail()] == ["totp_removed"]
    assert ours.me(mine).status_code == 401
    assert "access_token" in ours.log_in().get_json()


# Keys, audit, metrics -----------------------------------------------------------------------


def test_keys_can_be_rotated_and_a_stolen_key_revoked(
    ours: Site, admin_user: User, token: str
) -> None:
    (first,) = get(ours, "/admin/keys", token).get_json()["keys"]
    assert first["state"] == "active"
    rotated = ours.post("/admin/keys/rotate", token).get_json()["keys"]
    assert [key["state"] for key in rotated] == ["next", "active"]
    assert status_and_code(ours.post("/admin/keys/rotate", token)) == (409, "key_refused")
    assert newest(ours) == ("key_rotated", "", {"actor": admin_user.id, "kid": rotated[0]["kid"]})
    refused = ours.post(f"/admin/keys/{first['kid']}/retire", token)
    assert status_and_code(refused) == (409, "key_refused")
    withdrawn = ours.post(f"/admin/keys/{rotated[0]['kid']}/retire", token).get_json()["keys"]
    assert [key["state"] for key in withdrawn] == ["active", "retired"]
    assert status_and_code(ours.post("/admin/keys/none/revoke", token)) == (404, "key_not_found")
    assert ours.post(f"/admin/keys/{first['kid']}/revoke", token).status_code == 204
    assert status_and_code(ours.me(token)) == (401, "unknown_key")
    states = {
        key["kid"]: key["state"]
        for key in get(ours, "/admin/keys", ours.pair(BOSS)["access_token"]).get_json()["keys"]
    }
    assert states[first["kid"]] == "revoked"
    assert sorted(states.values()) == ["active", "retired", "revoked"]


def test_key_is_shown_without_key_material(ours: Site, token: str) -> None:
    (key,) = get(ours, "/admin/keys", token).get_json()["keys"]
    assert key.keys() == {
        "kid",
        "state",
        "algorithm",
        "published_at",
        "active_from",
        "verify_until",
    }


def test_audit_log_is_read_in_pages_from_the_newest_entry(ours: Site, token: str) -> None:
    user = ours.add()
    for _ in range(4):
        ours.log_in(password=BETTER)
    seen: list[int] = []
    before: int | None = None
    while True:
        query = {"limit": 2} | ({} if before is None else {"before": before})
        page = get(ours, "/admin/audit", token, **query).get_json()
        seen += [entry["seq"] for entry in page["entries"]]
        before = page["next"]
        if before is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 1
    failed = get(ours, "/admin/audit", token, subject=user.id, event="login_failed").get_json()
    assert [entry["event"] for entry in failed["entries"]] == ["login_failed"] * 4
    assert failed["next"] is None


def test_statistics_count_the_stored_records(ours: Site, token: str) -> None:
    user = ours.add()
    ours.parts.stores.users.disable(user.id, 0.0)
    shown = get(ours, "/admin/figures", token).get_json()
    assert (shown["users"], shown["disabled_users"], shown["keys"]) == (2, 1, {"active": 1})
    assert shown["audit_entries"] == len(ours.events())
    assert shown["revocations"]["entries"] == 0


def test_change_is_rolled_back_when_its_audit_entry_cannot_be_written(
    ours: Site, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = ours.add()
    monkeypatch.setattr(SqlAuditLog, "append", failing(StoreUnavailable("full")))
    path = f"/admin/users/{user.id}"
    for answer in (
        ours.ask("PATCH", path, token, disabled=True, roles=["admin"]),
        ours.ask("DELETE", path, token),
        ours.post("/admin/users", token, email="new@example.com"),
    ):
        assert status_and_code(answer) == (503, "store_unavailable")
    assert ours.user() == replace(user)
    assert ours.user("new@example.com") is None
    assert ours.mail() == []
