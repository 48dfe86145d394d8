from typing import Any

from flask_watchword.clock import system_clock
from tests.service.site import EMAIL, GOOD, Site


def delete(ours: Site, token: str, password: str = GOOD) -> Any:
    return ours.ask("DELETE", "/me", token, password=password)


def test_deleting_an_account_removes_its_sessions_and_codes(ours: Site) -> None:
    ada = ours.add()
    pairs = [ours.pair(), ours.pair()]
    ours.post("/password/forgot", email=EMAIL)
    code = ours.code()
    assert delete(ours, pairs[0]["access_token"]).status_code == 204
    assert ours.user() is None
    for pair in pairs:
        assert ours.me(pair["access_token"]).status_code == 401
        assert ours.post("/refresh", pair["refresh_token"]).status_code == 401
    assert ours.log_in().status_code == 401
    reset = ours.post("/password/reset", code=code, password="seven lazy otters juggle")
    assert reset.status_code == 400
    assert ours.post("/register", email=EMAIL, password=GOOD).status_code == 201
    again = ours.user()
    assert again is not None
    assert again.id != ada.id
    assert "user_deleted" in ours.events()


def test_deletion_requires_the_password(ours: Site) -> None:
    ours.add()
    token = ours.pair()["access_token"]
    refused = delete(ours, token, "wrong")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "wrong_password")
    assert ours.me(token).status_code == 200


def test_last_admin_cannot_be_deleted_and_stays_logged_in(ours: Site) -> None:
    ada = ours.add()
    ours.parts.stores.users.set_roles(ada.id, frozenset({"admin"}))
    token = ours.pair()["access_token"]
    refused = delete(ours, token)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "last_admin")
    assert ours.me(token).get_json()["roles"] == ["admin"]
    bob = ours.add("bob@example.com")
    ours.parts.stores.users.set_roles(bob.id, frozenset({"admin"}))
    assert delete(ours, token).status_code == 204


def test_refresh_token_of_a_deleted_user_is_rejected(ours: Site) -> None:
    ada = ours.add()
    pair = ours.pair()
    ours.parts.stores.users.delete(ada.id)
    refused = ours.post("/refresh", pair["refresh_token"])
    assert (refused.status_code, refused.get_json()["code"]) == (401, "user_gone")
    assert ours.parts.stores.sessions.of_subject(ada.id, system_clock()) == []
