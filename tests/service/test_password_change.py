from typing import Any

import pytest

from tests.service.under_test import BETTER, EMAIL, GOOD, ServiceUnderTest


def change(
    service: ServiceUnderTest, token: str, current: str = GOOD, password: str = BETTER
) -> Any:
    return service.post("/password/change", token, current_password=current, password=password)


def test_change_ends_all_other_sessions(service: ServiceUnderTest) -> None:
    service.add()
    here, elsewhere = service.pair(), service.pair()
    assert change(service, here["access_token"]).status_code == 204
    assert service.me(here["access_token"]).status_code == 200
    assert service.post("/refresh", here["refresh_token"]).status_code == 200
    assert service.me(elsewhere["access_token"]).status_code == 401
    assert service.log_in(password=GOOD).status_code == 401
    assert service.log_in(password=BETTER).status_code == 200
    (mail,) = service.mail()
    assert (mail.recipient, mail.kind) == (EMAIL, "password_changed")


def test_change_requires_the_current_password_and_counts_guesses(service: ServiceUnderTest) -> None:
    service.add()
    here, elsewhere = service.pair(), service.pair()
    token = here["access_token"]
    answers = [change(service, token, f"guess {number}") for number in range(11)]
    assert [answer.status_code for answer in answers] == [403] * 10 + [429]
    assert answers[0].get_json()["code"] == "wrong_password"
    assert change(service, token).status_code == 429
    for path in ("/email/change", "/me"):
        method, body = ("POST", {"email": "n@b.org"}) if path != "/me" else ("DELETE", {})
        assert service.ask(method, path, token, password="guess", **body).status_code == 429
    assert service.me(elsewhere["access_token"]).status_code == 200
    assert service.events().count("reauthentication_failed") == 10
    assert service.mail() == []


@pytest.mark.parametrize("password", ["short", "x" * 1025, GOOD + "\0", "ada@example.com1234"])
def test_rejected_password_changes_nothing(service: ServiceUnderTest, password: str) -> None:
    service.add()
    here, elsewhere = service.pair(), service.pair()
    refused = change(service, here["access_token"], password=password)
    assert (refused.status_code, refused.get_json()["field"]) == (422, "password")
    assert service.me(elsewhere["access_token"]).status_code == 200
    assert service.log_in(password=GOOD).status_code == 200


def test_refresh_token_or_no_token_is_rejected(service: ServiceUnderTest) -> None:
    service.add()
    assert change(service, service.pair()["refresh_token"]).status_code == 401
    body = {"current_password": GOOD, "password": BETTER}
    assert service.client.post("/password/change", json=body).status_code == 401


def test_notifications_to_an_unverified_address_are_limited(service: ServiceUnderTest) -> None:
    service.add()
    token = service.pair()["access_token"]
    for n in range(4):
        current, password = (GOOD, BETTER) if n % 2 == 0 else (BETTER, GOOD)
        assert change(service, token, current, password).status_code == 204
    assert [mail.kind for mail in service.mail()] == ["password_changed"] * 3


def test_owner_of_a_verified_address_is_notified_of_every_change(service: ServiceUnderTest) -> None:
    service.add_verified()
    token = service.pair()["access_token"]
    for n in range(4):
        current, password = (GOOD, BETTER) if n % 2 == 0 else (BETTER, GOOD)
        assert change(service, token, current, password).status_code == 204
    assert [mail.kind for mail in service.mail()] == ["password_changed"] * 4
