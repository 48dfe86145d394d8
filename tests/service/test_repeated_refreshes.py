"""Repeated use of a copied refresh token: audit log, session list and notification."""

from typing import Any

import pytest

from flask_watchword.accounts.audit import Event
from flask_watchword.extension.state import state_of
from tests.service.site import EMAIL, Site

HOME, AWAY = "192.0.2.7", "198.51.100.9"
OWNER, THIEF = "Firefox", "curl/8"
QUARTER = 900.0


class Clock:
    now = 1_700_000_700.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(ours: Site) -> Clock:
    state_of(ours.app).callbacks.clock = clock = Clock()
    return clock


def refresh(ours: Site, token: str, address: str = HOME, agent: str = OWNER) -> dict[str, Any]:
    answer = ours.client.post(
        "/refresh",
        headers={"Authorization": f"Bearer {token}", "User-Agent": agent},
        environ_base={"REMOTE_ADDR": address},
    )
    assert answer.status_code == 200, answer.get_json()
    pair: dict[str, Any] = answer.get_json()
    return pair


def signed_in(ours: Site, *, is_verified: bool = True) -> dict[str, Any]:
    if is_verified:
        ours.add_verified()
    else:
        ours.add()
    answer = ours.client.post(
        "/login",
        json={"email": EMAIL, "password": "correct horse battery staple"},
        headers={"User-Agent": OWNER},
        environ_base={"REMOTE_ADDR": HOME},
    )
    pair: dict[str, Any] = answer.get_json()
    return pair


def listed(ours: Site, pair: dict[str, Any]) -> Any:
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    return ours.client.get("/sessions", headers=headers).get_json()["sessions"]


def repeats(ours: Site) -> list[Event]:
    log = ours.parts.repositories.audit_log
    return [e.event for e in log.after(0, 1000) if e.event.event == "refresh_repeated"]


def test_thief_who_refreshes_after_the_owner_is_detected(ours: Site, clock: Clock) -> None:
    owner = signed_in(ours)
    for following in range(1, 5):
        clock.now += QUARTER
        token = owner["refresh_token"]
        owner = refresh(ours, token)
        clock.now += 3.0
        refresh(ours, token, AWAY, THIEF)
        (session,) = listed(ours, owner)
        assert session["elsewhere"]["address"] == AWAY
        assert session["elsewhere"]["agent"] == THIEF
        kinds = [mail.kind for mail in ours.mail()]
        assert kinds == (["session_used_elsewhere"] if following == 3 else [])
    events = repeats(ours)
    assert [event.detail for event in events] == [
        {"elsewhere": True, "generation": n} for n in (2, 3, 4, 5)
    ]
    assert {(event.address, event.agent) for event in events} == {(AWAY, THIEF)}
    user = ours.user()
    assert user is not None
    assert {event.subject for event in events} == {user.id}
    assert {event.session for event in events} == {session["id"]}


def test_thief_who_refreshes_first_makes_the_owner_the_repeat(ours: Site, clock: Clock) -> None:
    owner = signed_in(ours)
    for _ in range(3):
        clock.now += QUARTER
        token = owner["refresh_token"]
        refresh(ours, token, AWAY, THIEF)
        clock.now += 3.0
        owner = refresh(ours, token)
    (session,) = listed(ours, owner)
    assert session["elsewhere"]["agent"] == THIEF
    (mail,) = ours.mail()
    assert (mail.kind, mail.recipient) == ("session_used_elsewhere", EMAIL)
    assert f"{THIEF}, {AWAY}" in mail.body.text
    assert f"{THIEF}, {AWAY}" in mail.body.html


def test_repeats_from_tabs_of_one_browser_are_recorded_without_a_notification(
    ours: Site, clock: Clock
) -> None:
    owner = signed_in(ours)
    for _ in range(4):
        clock.now += QUARTER
        token = owner["refresh_token"]
        owner, *_ = [refresh(ours, token) for _ in range(3)]
    assert [event.detail["elsewhere"] for event in repeats(ours)] == [False] * 4
    (session,) = listed(ours, owner)
    assert session["elsewhere"] is None
    assert ours.mail() == []


def test_retry_after_a_lost_response_sends_no_notification(ours: Site, clock: Clock) -> None:
    owner = signed_in(ours)
    for address in (AWAY, HOME, AWAY, HOME, AWAY):
        clock.now += QUARTER
        token = owner["refresh_token"]
        refresh(ours, token)
        owner = refresh(ours, token, address)
    assert ours.mail() == []


def test_responses_do_not_reveal_to_a_thief_when_the_owner_refreshes(
    ours: Site, clock: Clock
) -> None:
    owner = thief = signed_in(ours)
    clock.now += 600.0
    before = listed(ours, thief)
    assert ours.me(thief["access_token"]).status_code == 200
    me = ours.me(thief["access_token"]).get_json()
    refresh(ours, owner["refresh_token"])
    for _ in range(7):
        assert listed(ours, thief) == before
        assert ours.me(thief["access_token"]).get_json() == me
        clock.now += 10.0


def test_notifications_are_rate_limited(ours: Site, clock: Clock) -> None:
    owner = signed_in(ours)
    for _ in range(5):
        for follows in (True, True, True, False):
            clock.now += QUARTER
            token = owner["refresh_token"]
            owner = refresh(ours, token)
            if follows:
                refresh(ours, token, AWAY, THIEF)
    assert [mail.kind for mail in ours.mail()] == ["session_used_elsewhere"] * 3
    assert len(repeats(ours)) == 15


def test_unverified_mailbox_receives_no_text_chosen_by_the_registrant(
    ours: Site, clock: Clock
) -> None:
    pair = signed_in(ours, is_verified=False)
    for _ in range(4):
        clock.now += QUARTER
        token = pair["refresh_token"]
        pair = refresh(ours, token)
        refresh(ours, token, AWAY, "Unlock your account at https://evil.example/")
    assert len(repeats(ours)) == 4
    assert ours.mail() == []
