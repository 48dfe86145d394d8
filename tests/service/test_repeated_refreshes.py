"""Repeated use of a copied refresh token: audit log, session list and notification."""

from typing import Any

import pytest

from flask_watchword.accounts.audit import Event
from flask_watchword.extension.state import state_of
from tests.service.under_test import EMAIL, ServiceUnderTest

HOME, AWAY = "192.0.2.7", "198.51.100.9"
OWNER, THIEF = "Firefox", "curl/8"
QUARTER = 900.0


class Clock:
    now = 1_700_000_700.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(service: ServiceUnderTest) -> Clock:
    state_of(service.app).callbacks.clock = clock = Clock()
    return clock


def refresh(
    service: ServiceUnderTest, token: str, address: str = HOME, agent: str = OWNER
) -> dict[str, Any]:
    answer = service.client.post(
        "/refresh",
        headers={"Authorization": f"Bearer {token}", "User-Agent": agent},
        environ_base={"REMOTE_ADDR": address},
    )
    assert answer.status_code == 200, answer.get_json()
    pair: dict[str, Any] = answer.get_json()
    return pair


def signed_in(service: ServiceUnderTest, *, is_verified: bool = True) -> dict[str, Any]:
    if is_verified:
        service.add_verified()
    else:
        service.add()
    answer = service.client.post(
        "/login",
        json={"email": EMAIL, "password": "correct horse battery staple"},
        headers={"User-Agent": OWNER},
        environ_base={"REMOTE_ADDR": HOME},
    )
    pair: dict[str, Any] = answer.get_json()
    return pair


def listed(service: ServiceUnderTest, pair: dict[str, Any]) -> Any:
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    return service.client.get("/sessions", headers=headers).get_json()["sessions"]


def repeats(service: ServiceUnderTest) -> list[Event]:
    log = service.parts.repositories.audit_log
    return [e.event for e in log.after(0, 1000) if e.event.event == "refresh_repeated"]


def test_thief_who_refreshes_after_the_owner_is_detected(
    service: ServiceUnderTest, clock: Clock
) -> None:
    owner = signed_in(service)
    for following in range(1, 5):
        clock.now += QUARTER
        token = owner["refresh_token"]
        owner = refresh(service, token)
        clock.now += 3.0
        refresh(service, token, AWAY, THIEF)
        (session,) = listed(service, owner)
        assert session["elsewhere"]["address"] == AWAY
        assert session["elsewhere"]["agent"] == THIEF
        kinds = [mail.kind for mail in service.mail()]
        assert kinds == (["session_used_elsewhere"] if following == 3 else [])
    events = repeats(service)
    assert [event.detail for event in events] == [
        {"elsewhere": True, "generation": n} for n in (2, 3, 4, 5)
    ]
    assert {(event.address, event.agent) for event in events} == {(AWAY, THIEF)}
    user = service.user()
    assert user is not None
    assert {event.subject for event in events} == {user.id}
    assert {event.session for event in events} == {session["id"]}


def test_thief_who_refreshes_first_makes_the_owner_the_repeat(
    service: ServiceUnderTest, clock: Clock
) -> None:
    owner = signed_in(service)
    for _ in range(3):
        clock.now += QUARTER
        token = owner["refresh_token"]
        refresh(service, token, AWAY, THIEF)
        clock.now += 3.0
        owner = refresh(service, token)
    (session,) = listed(service, owner)
    assert session["elsewhere"]["agent"] == THIEF
    (mail,) = service.mail()
    assert (mail.kind, mail.recipient) == ("session_used_elsewhere", EMAIL)
    assert f"{THIEF}, {AWAY}" in mail.body.text
    assert f"{THIEF}, {AWAY}" in mail.body.html


def test_repeats_from_tabs_of_one_browser_are_recorded_without_a_notification(
    service: ServiceUnderTest, clock: Clock
) -> None:
    owner = signed_in(service)
    for _ in range(4):
        clock.now += QUARTER
        token = owner["refresh_token"]
        owner, *_ = [refresh(service, token) for _ in range(3)]
    assert [event.detail["elsewhere"] for event in repeats(service)] == [False] * 4
    (session,) = listed(service, owner)
    assert session["elsewhere"] is None
    assert service.mail() == []


def test_retry_after_a_lost_response_sends_no_notification(
    service: ServiceUnderTest, clock: Clock
) -> None:
    owner = signed_in(service)
    for address in (AWAY, HOME, AWAY, HOME, AWAY):
        clock.now += QUARTER
        token = owner["refresh_token"]
        refresh(service, token)
        owner = refresh(service, token, address)
    assert service.mail() == []


def test_responses_do_not_reveal_to_a_thief_when_the_owner_refreshes(
    service: ServiceUnderTest, clock: Clock
) -> None:
    owner = thief = signed_in(service)
    clock.now += 600.0
    before = listed(service, thief)
    assert service.me(thief["access_token"]).status_code == 200
    me = service.me(thief["access_token"]).get_json()
    refresh(service, owner["refresh_token"])
    for _ in range(7):
        assert listed(service, thief) == before
        assert service.me(thief["access_token"]).get_json() == me
        clock.now += 10.0


def test_notifications_are_rate_limited(service: ServiceUnderTest, clock: Clock) -> None:
    owner = signed_in(service)
    for _ in range(5):
        for follows in (True, True, True, False):
            clock.now += QUARTER
            token = owner["refresh_token"]
            owner = refresh(service, token)
            if follows:
                refresh(service, token, AWAY, THIEF)
    assert [mail.kind for mail in service.mail()] == ["session_used_elsewhere"] * 3
    assert len(repeats(service)) == 15


def test_unverified_mailbox_receives_no_text_chosen_by_the_registrant(
    service: ServiceUnderTest, clock: Clock
) -> None:
    pair = signed_in(service, is_verified=False)
    for _ in range(4):
        clock.now += QUARTER
        token = pair["refresh_token"]
        pair = refresh(service, token)
        refresh(service, token, AWAY, "Unlock your account at https://evil.example/")
    assert len(repeats(service)) == 4
    assert service.mail() == []
