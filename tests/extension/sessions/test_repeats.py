"""Two devices that share one session by repeating each other's refreshes."""

from collections.abc import Iterator
from typing import Any

import pytest

from flask_watchword import verify_jwt_in_request
from flask_watchword.extension.sessions.signals import refresh_repeated
from flask_watchword.sessions.listed import ListedSession
from flask_watchword.sessions.session import Session
from tests.extension.sessions.conftest import on_every_store
from tests.extension.sessions.site import HOUR, MINUTE, Site, bearing

pytestmark = on_every_store

#: The signal's values: whether the repeat came from another client, and the generations in a row.
Signals = list[tuple[bool, int]]

HOME, AWAY = "192.0.2.7", "198.51.100.9"


@pytest.fixture
def signals() -> Iterator[Signals]:
    heard: Signals = []

    def hear(_app: Any, session: Session, elsewhere: bool) -> None:
        heard.append((elsewhere, session.elsewhere_in_a_row))

    with refresh_repeated.connected_to(hear):
        yield heard


def refresh(site: Site, token: str, address: str, agent: str = "Browser") -> str:
    """Refresh from an address; return the next refresh token."""
    answer = site.app.test_client().post(
        "/refresh",
        headers={**bearing(token), "User-Agent": agent},
        environ_base={"REMOTE_ADDR": address},
    )
    assert answer.status_code == 200
    return str(answer.get_json()["refresh_token"])


def listed(site: Site) -> list[ListedSession]:
    with site.app.test_request_context():
        return list(site.sessions.list("ada"))


def test_thief_who_follows_each_refresh_is_reported_with_a_count(
    site: Site, signals: Signals
) -> None:
    token = site.sign_in().spare
    for _ in range(4):
        site.clock.now += 15 * MINUTE
        following = refresh(site, token, HOME)
        site.clock.now += 3.0
        refresh(site, token, AWAY)
        token = following
    assert signals == [(True, 1), (True, 2), (True, 3), (True, 4)]


def test_two_tabs_are_not_another_device(site: Site, signals: Signals) -> None:
    token = site.sign_in().spare
    for _ in range(3):
        site.clock.now += 15 * MINUTE
        token, *_ = [refresh(site, token, HOME) for _ in range(3)]
    assert signals == [(False, 0)] * 3


def test_one_change_of_network_starts_no_count(site: Site, signals: Signals) -> None:
    token = site.sign_in().spare
    for address in (AWAY, HOME, AWAY):
        following = refresh(site, token, HOME)
        refresh(site, token, address)
        token = following
    assert signals == [(True, 1), (False, 1), (True, 1)]


def test_application_behind_a_proxy_passes_the_client_address(site: Site, signals: Signals) -> None:
    token = site.sign_in().spare
    for address in (HOME, AWAY):
        with site.app.test_request_context(headers=bearing(token)):
            verify_jwt_in_request(refresh=True)
            site.sessions.refresh(address=address)
    assert signals == [(True, 1)]


def test_list_does_not_reveal_when_the_owner_refreshes(site: Site) -> None:
    ada = site.sign_in()
    site.clock.now += 5 * HOUR
    before = listed(site)
    refresh(site, ada.spare, HOME)
    for _ in range(7):
        assert listed(site) == before
        site.clock.now += 10.0
    (after,) = listed(site)
    assert after.last_seen_at > before[0].last_seen_at
    assert after.last_seen_at % HOUR == 0


def test_order_of_a_list_does_not_reveal_it_either(site: Site) -> None:
    first = site.sign_in()
    site.clock.now += MINUTE
    second = site.sign_in()
    site.clock.now += 5 * HOUR
    order = [second.session_id, first.session_id]
    refresh(site, first.spare, HOME)
    for _ in range(7):
        assert [session.id for session in listed(site)] == order
        site.clock.now += 10.0
    assert [session.id for session in listed(site)] == order[::-1]


def test_owner_sees_the_other_device(site: Site) -> None:
    ada = site.sign_in()
    refresh(site, ada.spare, HOME)
    assert listed(site)[0].elsewhere_at is None
    refresh(site, ada.spare, AWAY, "curl/8")
    (shown,) = listed(site)
    assert shown.elsewhere_at == shown.started_at  # to the hour, and no earlier than the start
    assert (shown.elsewhere_address, shown.elsewhere_agent) == (AWAY, "curl/8")
