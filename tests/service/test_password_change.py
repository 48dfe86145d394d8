from typing import Any

import pytest

from tests.service.site import BETTER, EMAIL, GOOD, Site


def change(ours: Site, token: str, current: str = GOOD, password: str = BETTER) -> Any:
    return ours.post("/password/change", token, current_password=current, password=password)


def test_change_ends_all_other_sessions(ours: Site) -> None:
    ours.add()
    here, elsewhere = ours.pair(), ours.pair()
    assert change(ours, here["access_token"]).status_code == 204
    assert ours.me(here["access_token"]).status_code == 200
    assert ours.post("/refresh", here["refresh_token"]).status_code == 200
    assert ours.me(elsewhere["access_token"]).status_code == 401
    assert ours.log_in(password=GOOD).status_code == 401
    assert ours.log_in(password=BETTER).status_code == 200
    (mail,) = ours.mail()
    assert (mail.recipient, mail.kind) == (EMAIL, "password_changed")


def test_change_requires_the_current_password_and_counts_guesses(ours: Site) -> None:
    ours.add()
    here, elsewhere = ours.pair(), ours.pair()
    token = here["access_token"]
    answers = [change(ours, token, f"guess {number}") for number in range(11)]
    assert [answer.status_code for answer in answers] == [403] * 10 + [429]
    assert answers[0].get_json()["code"] == "wrong_password"
    assert change(ours, token).status_code == 429
    for path in ("/email/change", "/me"):
        method, body = ("POST", {"email": "n@b.org"}) if path != "/me" else ("DELETE", {})
        assert ours.ask(method, path, token, password="guess", **body).status_code == 429
    assert ours.me(elsewhere["access_token"]).status_code == 200
    assert ours.events().count("reauthentication_failed") == 10
    assert ours.mail() == []


@pytest.mark.parametrize("password", ["short", "x" * 1025, GOOD + "\0", "ada@example.com1234"])
def test_rejected_password_changes_nothing(ours: Site, password: str) -> None:
    ours.add()
    here, elsewhere = ours.pair(), ours.pair()
    refused = change(ours, here["access_token"], password=password)
    assert (refused.status_code, refused.get_json()["field"]) == (422, "password")
    assert ours.me(elsewhere["access_token"]).status_code == 200
    assert ours.log_in(password=GOOD).status_code == 200


def test_refresh_token_or_no_token_is_rejected(ours: Site) -> None:
    ours.add()
    assert change(ours, ours.pair()["refresh_token"]).status_code == 401
    body = {"current_password": GOOD, "password": BETTER}
    assert ours.client.post("/password/change", json=body).status_code == 401


def test_notifications_to_an_unverified_address_are_limited(ours: Site) -> None:
    ours.add()
    token = ours.pair()["access_token"]
    for n in range(4):
        current, password = (GOOD, BETTER) if n % 2 == 0 else (BETTER, GOOD)
        assert change(ours, token, current, password).status_code == 204
    assert [mail.kind for mail in ours.mail()] == ["password_changed"] * 3


def test_owner_of_a_verified_address_is_notified_of_every_change(ours: Site) -> None:
    ours.add_verified()
    token = ours.pair()["access_token"]
    for n in range(4):
        current, password = (GOOD, BETTER) if n % 2 == 0 else (BETTER, GOOD)
        assert change(ours, token, current, password).status_code == 204
    assert [mail.kind for mail in ours.mail()] == ["password_changed"] * 4
