"""What those who administer may do, who may administer, and what is kept of it."""

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


def told(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


@pytest.fixture
def boss(ours: Site) -> User:
    user = ours.add(BOSS)
    ours.parts.stores.users.set_roles(user.id, frozenset({"admin"}))
    return user


@pytest.fixture
def token(ours: Site, boss: User) -> str:
    return str(ours.pair(BOSS)["access_token"])


def get(ours: Site, path: str, token: str, **query: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"}
    return ours.client.get(path, query_string=query, headers=headers)


def newest(ours: Site) -> tuple[str, str, dict[str, Any]]:
    """Return name, subject and detail of the newest entry of the audit log."""
    (entry,) = ours.parts.repositories.audit_log.newest(1)
    return entry.event.event, entry.event.subject, dict(entry.event.detail)


# Who may ------------------------------------------------------------------------------------


def test_who_looks_has_to_be_an_admin_and_who_changes_one_that_signed_in_lately() -> None:
    for one in ADMIN_ENDPOINTS:
        assert one.access is (ADMIN if one.method == "GET" else RECENT_ADMIN)
    assert all(one.path.startswith("/admin/") for one in ADMIN_ENDPOINTS)


@pytest.mark.parametrize("one", ADMIN_ENDPOINTS, ids=lambda one: one.name)
def test_nobody_else_is_let_in(ours: Site, boss: User, one: Endpoint) -> None:
    ours.add()
    path = one.path.replace("<", "").replace(">", "")
    assert told(ours.ask(one.method, path)) == (401, "missing_token")
    refused = ours.ask(one.method, path, ours.pair()["access_token"])
    assert told(refused) == (403, "insufficient_role")
    refresh = ours.ask(one.method, path, ours.pair(BOSS)["refresh_token"])
    assert refresh.status_code == 401


@pytest.mark.parametrize("one", ADMIN_ENDPOINTS, ids=lambda one: one.name)
def test_whoever_is_no_admin_any_more_is_refused_by_the_next_request(
    ours: Site, boss: User, token: str, one: Endpoint
) -> None:
    # In the store alone, so that it is not the end of a session which refuses them.
    path = one.path.replace("<", "").replace(">", "")
    ours.parts.stores.users.set_roles(boss.id, frozenset())
    assert told(ours.ask(one.method, path, token)) == (403, "insufficient_role")
    ours.parts.stores.users.disable(boss.id, 0.0)
    assert told(ours.ask(one.method, path, token)) == (401, "user_disabled")
    ours.parts.stores.users.delete(boss.id)
    assert told(ours.ask(one.method, path, token)) == (401, "user_gone")


def test_a_sign_in_of_long_ago_only_looks(
    ours: Site, boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = system_clock() - ADMIN_SIGN_IN_SECONDS - 60
    with monkeypatch.context() as then:
        then.setattr(state_of(ours.app).callbacks, "clock", lambda: long_ago)
        pair = ours.pair(BOSS)
    token = ours.post("/refresh", pair["refresh_token"]).get_json()["access_token"]
    assert get(ours, "/admin/users", token).status_code == 200
    refused = ours.ask("PATCH", f"/admin/users/{boss.id}", token, scopes=["x"])
    assert told(refused) == (401, "insufficient_user_authentication")
    assert "max_age" in refused.headers["WWW-Authenticate"]


# Users --------------------------------------------------------------------------------------


def test_users_are_found_page_by_page_and_by_a_part_of_their_address(
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


def test_a_user_is_shown_without_anything_secret(ours: Site, token: str) -> None:
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
    assert told(get(ours, "/admin/users/nobody", token)) == (404, "user_not_found")


def test_whoever_is_invited_chooses_a_password_by_the_code_in_the_mail(
    ours: Site, boss: User, token: str
) -> None:
    invited = ours.post("/admin/users", token, email=EMAIL, roles=["editor"], scopes=["a:b"])
    assert invited.status_code == 201
    assert (invited.get_json()["roles"], invited.get_json()["scopes"]) == (["editor"], ["a:b"])
    name, subject, detail = newest(ours)
    assert (name, subject) == ("user_added", invited.get_json()["id"])
    assert detail["actor"] == boss.id
    code = ours.code()
    assert ours.post("/password/reset", code=code, password=GOOD).status_code == 200
    assert ours.pair(EMAIL)
    again = ours.post("/admin/users", token, email=EMAIL.lower())
    assert told(again) == (409, "email_taken")
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
def test_an_invitation_that_cannot_be_is_refused_and_nothing_is_kept(
    ours: Site, token: str, body: dict[str, Any], field: str | None
) -> None:
    refused = ours.post("/admin/users", token, **body)
    assert told(refused) == (422, "invalid_field")
    assert refused.get_json().get("field") == field
    assert ours.user() is None
    assert ours.mail() == []


def test_new_roles_count_from_the_next_refresh_on_and_lost_ones_at_once(
    ours: Site, boss: User, token: str
) -> None:
    user = ours.add()
    pair = ours.pair()
    given = ours.ask("PATCH", f"/admin/users/{user.id}", token, roles=["editor", "admin"])
    assert given.get_json()["roles"] == ["admin", "editor"]
    name, _, detail = newest(ours)
    assert (name, detail) == (
        "roles_changed",
        {"actor": boss.id, "roles": "admin editor", "before": ""},
    )
    again = ours.post("/refresh", pair["refresh_token"]).get_json()
    assert get(ours, "/admin/users", again["access_token"]).status_code == 200
    ours.ask("PATCH", f"/admin/users/{user.id}", token, roles=["editor"])
    for ended in (pair, again):
        assert told(ours.me(ended["access_token"])) == (401, "session_ended")
    assert ours.me(ours.pair()["access_token"]).get_json()["roles"] == ["editor"]


def test_a_disabled_user_is_refused_everywhere_by_the_next_request_until_enabled(
    ours: Site, token: str
) -> None:
    user = ours.add()
    pair = ours.pair()
    assert ours.me(pair["access_token"]).status_code == 200
    off = ours.ask("PATCH", f"/admin/users/{user.id}", token, disabled=True)
    assert off.get_json()["disabled_at"] is not None
    assert ours.me(pair["access_token"]).status_code == 401
    assert ours.post("/refresh", pair["refresh_token"]).status_code == 401
    assert told(ours.log_in()) == (401, "invalid_credentials")
    on = ours.ask("PATCH", f"/admin/users/{user.id}", token, disabled=False)
    assert on.get_json()["disabled_at"] is None
    assert ours.me(pair["access_token"]).status_code == 401
    assert ours.me(ours.pair()["access_token"]).status_code == 200
    assert ours.events().count("user_disabled") == ours.events().count("user_enabled") == 1


def test_there_is_always_somebody_who_administers(ours: Site, boss: User, token: str) -> None:
    path = f"/admin/users/{boss.id}"
    for refused in (
        ours.ask("PATCH", path, token, roles=[]),
        ours.ask("PATCH", path, token, disabled=True),
        ours.ask("DELETE", path, token),
    ):
        assert told(refused) == (409, "last_admin")
    # A refusal costs no session.
    assert ours.me(token).get_json()["roles"] == ["admin"]


def test_a_deleted_user_is_gone_with_all_that_was_theirs(ours: Site, token: str) -> None:
    user = ours.add()
    pair = ours.pair()
    assert ours.ask("DELETE", f"/admin/users/{user.id}", token).status_code == 204
    assert ours.me(pair["access_token"]).status_code == 401
    assert ours.log_in().status_code == 401
    assert told(ours.ask("DELETE", f"/admin/users/{user.id}", token)) == (404, "user_not_found")
    assert newest(ours)[:2] != ("user_deleted", "")
    assert "user_deleted" in ours.events()


# Sessions, and help -------------------------------------------------------------------------


def test_sessions_of_a_user_are_listed_and_ended(ours: Site, boss: User, token: str) -> None:
    user = ours.add()
    pairs = [ours.pair() for _ in range(3)]
    path = f"/admin/users/{user.id}/sessions"
    listed = get(ours, path, token).get_json()["sessions"]
    assert len(listed) == 3
    assert not any(session["current"] for session in listed)
    assert ours.ask("DELETE", f"{path}/{listed[0]['id']}", token).status_code == 204
    assert [ours.me(pair["access_token"]).status_code for pair in pairs].count(401) == 1
    again = ours.ask("DELETE", f"{path}/{listed[0]['id']}", token)
    assert told(again) == (404, "session_not_found")
    assert ours.ask("DELETE", path, token).status_code == 204
    assert [ours.me(pair["access_token"]).status_code for pair in pairs] == [401] * 3
    assert newest(ours) == ("sessions_ended", user.id, {"actor": boss.id, "ended": 2})


def test_a_session_is_ended_only_as_one_of_its_user(ours: Site, token: str) -> None:
    user, other = ours.add(), ours.add("bob@example.com")
    pair = ours.pair()
    (session,) = get(ours, f"/admin/users/{user.id}/sessions", token).get_json()["sessions"]
    wrong = ours.ask("DELETE", f"/admin/users/{other.id}/sessions/{session['id']}", token)
    assert told(wrong) == (404, "session_not_found")
    assert ours.me(pair["access_token"]).status_code == 200


def test_a_user_gets_a_code_for_another_password_and_is_signed_out(ours: Site, token: str) -> None:
    user = ours.add()
    pair = ours.pair()
    path = f"/admin/users/{user.id}/password-reset"
    assert ours.ask("POST", path, token).status_code == 202
    assert ours.me(pair["access_token"]).status_code == 401
    assert ours.post("/password/reset", code=ours.code(), password=BETTER).status_code == 200
    assert ours.pair(password=BETTER)
    ours.parts.stores.users.disable(user.id, 0.0)
    assert told(ours.ask("POST", path, token)) == (409, "user_disabled")


def test_a_lost_second_factor_is_removed_and_its_owner_told(ours: Site, token: str) -> None:
    user = ours.add_verified()
    path = f"/admin/users/{user.id}/totp"
    assert told(ours.ask("DELETE", path, token)) == (409, "second_factor_missing")
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


# Keys, audit, figures -----------------------------------------------------------------------


def test_keys_rotate_and_a_stolen_one_is_revoked(ours: Site, boss: User, token: str) -> None:
    (first,) = get(ours, "/admin/keys", token).get_json()["keys"]
    assert first["state"] == "active"
    rotated = ours.post("/admin/keys/rotate", token).get_json()["keys"]
    assert [key["state"] for key in rotated] == ["next", "active"]
    assert told(ours.post("/admin/keys/rotate", token)) == (409, "key_refused")
    assert newest(ours) == ("key_rotated", "", {"actor": boss.id, "kid": rotated[0]["kid"]})
    refused = ours.post(f"/admin/keys/{first['kid']}/retire", token)
    assert told(refused) == (409, "key_refused")
    withdrawn = ours.post(f"/admin/keys/{rotated[0]['kid']}/retire", token).get_json()["keys"]
    assert [key["state"] for key in withdrawn] == ["active", "retired"]
    assert told(ours.post("/admin/keys/none/revoke", token)) == (404, "key_not_found")
    assert ours.post(f"/admin/keys/{first['kid']}/revoke", token).status_code == 204
    assert told(ours.me(token)) == (401, "unknown_key")
    states = {
        key["kid"]: key["state"]
        for key in get(ours, "/admin/keys", ours.pair(BOSS)["access_token"]).get_json()["keys"]
    }
    assert states[first["kid"]] == "revoked"
    assert sorted(states.values()) == ["active", "retired", "revoked"]


def test_a_key_is_shown_without_its_parts(ours: Site, token: str) -> None:
    (key,) = get(ours, "/admin/keys", token).get_json()["keys"]
    assert key.keys() == {
        "kid",
        "state",
        "algorithm",
        "published_at",
        "active_from",
        "verify_until",
    }


def test_the_audit_log_is_read_from_its_end_page_by_page(ours: Site, token: str) -> None:
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


def test_figures_count_what_there_is(ours: Site, token: str) -> None:
    user = ours.add()
    ours.parts.stores.users.disable(user.id, 0.0)
    shown = get(ours, "/admin/figures", token).get_json()
    assert (shown["users"], shown["disabled_users"], shown["keys"]) == (2, 1, {"active": 1})
    assert shown["audit_entries"] == len(ours.events())
    assert shown["revocations"]["entries"] == 0


def test_no_change_is_kept_where_its_entry_in_the_log_cannot_be(
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
        assert told(answer) == (503, "store_unavailable")
    assert ours.user() == replace(user)
    assert ours.user("new@example.com") is None
    assert ours.mail() == []
