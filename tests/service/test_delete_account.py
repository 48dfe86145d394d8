from typing import Any

from flask_watchword.clock import system_clock
from tests.service.under_test import EMAIL, GOOD, ServiceUnderTest


def delete(service: ServiceUnderTest, token: str, password: str = GOOD) -> Any:
    return service.ask("DELETE", "/me", token, password=password)


def test_deleting_an_account_removes_its_sessions_and_codes(service: ServiceUnderTest) -> None:
    ada = service.add()
    pairs = [service.pair(), service.pair()]
    service.post("/password/forgot", email=EMAIL)
    code = service.code()
    assert delete(service, pairs[0]["access_token"]).status_code == 204
    assert service.user() is None
    for pair in pairs:
        assert service.me(pair["access_token"]).status_code == 401
        assert service.post("/refresh", pair["refresh_token"]).status_code == 401
    assert service.log_in().status_code == 401
    reset = service.post("/password/reset", code=code, password="seven lazy otters juggle")
    assert reset.status_code == 400
    assert service.post("/register", email=EMAIL, password=GOOD).status_code == 201
    again = service.user()
    assert again is not None
    assert again.id != ada.id
    assert "user_deleted" in service.events()


def test_deletion_requires_the_password(service: ServiceUnderTest) -> None:
    service.add()
    token = service.pair()["access_token"]
    refused = delete(service, token, "wrong")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "wrong_password")
    assert service.me(token).status_code == 200


def test_last_admin_cannot_be_deleted_and_stays_logged_in(service: ServiceUnderTest) -> None:
    ada = service.add()
    service.parts.stores.users.set_roles(ada.id, frozenset({"admin"}))
    token = service.pair()["access_token"]
    refused = delete(service, token)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "last_admin")
    assert service.me(token).get_json()["roles"] == ["admin"]
    bob = service.add("bob@example.com")
    service.parts.stores.users.set_roles(bob.id, frozenset({"admin"}))
    assert delete(service, token).status_code == 204


def test_refresh_token_of_a_deleted_user_is_rejected(service: ServiceUnderTest) -> None:
    ada = service.add()
    pair = service.pair()
    service.parts.stores.users.delete(ada.id)
    refused = service.post("/refresh", pair["refresh_token"])
    assert (refused.status_code, refused.get_json()["code"]) == (401, "user_gone")
    assert service.parts.stores.sessions.of_subject(ada.id, system_clock()) == []
