"""Servers that stop, return, or lose all data; processes that share one."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import URL

from flask_watchword.infra.factory import upgrade_database
from flask_watchword.infra.sql import postgres_feed
from tests.extension.sessions.conftest import STORES, MakeSite
from tests.extension.sessions.site import SignedIn, Site, bearing, refusal
from tests.servers.postgres import PostgresServer, running_postgres
from tests.servers.valkey import ValkeyServer, running_valkey, wait_until

pytestmark = pytest.mark.server

ENDED = (401, "session_ended")
UNAVAILABLE = (503, "store_unavailable")

SHARED = pytest.mark.parametrize("store_url", STORES[1:], indirect=True)


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    with running_valkey(appendonly="yes", appendfsync="always") as server:
        yield server


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        upgrade_database(text_of(server.url))
        yield server


def text_of(url: URL) -> str:
    return url.render_as_string(hide_password=False)


@pytest.fixture(params=["postgres", "valkey"])
def server(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture
def site(make_site: MakeSite, server: Any) -> Site:
    """An application whose copy is stale immediately, so that each request queries the store."""
    url = server.url if isinstance(server, ValkeyServer) else text_of(server.url)
    return outdate_tokens(
        make_site(WATCHWORD_SESSION_STORE=url, WATCHWORD_REVOCATION_STALENESS=0.001)
    )


def outdate_tokens(site: Site) -> Site:
    """Let the store be older than the tokens: for older ones it is queried each time."""
    site.sign_in("first").get()
    site.clock.now += 5
    return site


def at(site: Site, device: SignedIn) -> SignedIn:
    """Return the same device as a client of another process."""
    return SignedIn(site.app.test_client(), dict(device.pair))


def test_while_the_server_is_down_requests_fail_closed_and_nothing_is_lost(
    site: Site, server: Any
) -> None:
    ada, gone = site.sign_in(), site.sign_in()
    gone.post("/end")
    assert ada.get().status_code == 200
    server.stop()
    time.sleep(0.002)  # until the copy is stale: that clock is the machine's
    for answer in (
        ada.get(),
        ada.refresh(),
        ada.post("/end"),
        site.app.test_client().post("/login"),
    ):
        assert refusal(answer) == UNAVAILABLE
        assert int(answer.headers["Retry-After"]) > 0
    assert gone.get().status_code in (401, 503)
    server.start()
    assert_recovers(lambda: ada.get().status_code == 200)
    assert refusal(gone.get()) == ENDED
    assert ada.refresh().status_code == 200


def test_while_the_server_is_unresponsive_requests_fail_closed_in_bounded_time(
    site: Site, server: Any
) -> None:
    ada, gone = site.sign_in(), site.sign_in()
    gone.post("/end")
    assert ada.get().status_code == 200
    with server.frozen():
        time.sleep(0.002)  # until the copy is stale: that clock is the machine's
        began = time.monotonic()
        for answer in (
            ada.get(),
            gone.get(),
            ada.refresh(),
            ada.post("/end"),
            site.app.test_client().post("/login"),
        ):
            assert refusal(answer) == UNAVAILABLE
            assert int(answer.headers["Retry-After"]) > 0
        assert time.monotonic() - began < 19.0  # at 20 the frozen server is resumed automatically
    # The server may have executed earlier commands, including the end of the session.
    assert_recovers(lambda: ada.get().status_code != 503)
    assert refusal(gone.get()) == ENDED
    assert_recovers(lambda: site.sign_in().get().status_code == 200)


def assert_recovers(holds: Callable[[], bool]) -> None:
    # The server accepts connections again, so the very next requests succeed: the client has no
    # back-off. The soak measures how long that takes on a quiet machine.
    wait_until(holds, 5.0)


def test_wiped_server_makes_no_revoked_token_valid(
    make_site: MakeSite, valkey: ValkeyServer
) -> None:
    here = make_site(WATCHWORD_SESSION_STORE=valkey.url)
    ended, living = here.sign_in(), here.sign_in()
    ended.post("/end")
    assert living.get().status_code == 200
    valkey.client().flushall()
    here.clock.now += 5
    here.feed.catch_up()
    late = make_site(WATCHWORD_SESSION_STORE=valkey.url)
    late.clock.now = here.clock.now
    for site in (here, late):
        assert refusal(at(site, ended).get()) == refusal(at(site, living).get()) == ENDED
        assert site.sign_in().get().status_code == 200


@SHARED
def test_new_process_has_all_revocations_at_its_first_response(make_site: MakeSite) -> None:
    early = make_site()
    devices = [early.sign_in() for _ in range(5)]
    for device in devices[:4]:
        device.post("/end")
    late = make_site().app.test_client()
    answers = [late.get("/me", headers=bearing(device.access)) for device in devices]
    assert [answer.status_code for answer in answers] == [401] * 4 + [200]


@SHARED
def test_session_ended_in_one_process_is_rejected_by_another(make_site: MakeSite) -> None:
    here, there = outdate_tokens(make_site()), outdate_tokens(make_site())
    ada = here.sign_in()
    assert at(there, ada).get().status_code == 200
    ada.post("/end")
    wait_until(lambda: refusal(at(there, ada).get()) == ENDED, 10.0)


@SHARED
def test_replay_in_another_process_is_detected(make_site: MakeSite) -> None:
    here, there = make_site(), make_site()
    ada = here.sign_in()
    first = ada.spare
    ada.refresh()
    ada.refresh()
    assert refusal(at(there, ada).refresh(first)) == (401, "refresh_reused")
    assert ada.refresh().status_code == 401


@pytest.mark.parametrize("store_url", [STORES[2]], indirect=True)
@pytest.mark.parametrize(("staleness", "frozen"), [(1, True), (3_600, False)])
def test_without_notifications_the_staleness_limit_holds(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch, staleness: int, frozen: bool
) -> None:
    """As behind PgBouncer, which pools by transaction and forwards no notifications."""
    monkeypatch.setattr(postgres_feed, "_CHANNEL", "what_nobody_notifies")
    here, there = make_site(), make_site(WATCHWORD_REVOCATION_STALENESS=staleness)
    outdate_tokens(here), outdate_tokens(there)
    if frozen:  # no request finds the copy stale: the follower thread has to query the store itself
        there.feed.elapsed = lambda: 0.0
    ada = here.sign_in()
    assert at(there, ada).get().status_code == 200
    ada.post("/end")
    if frozen:
        wait_until(lambda: refusal(at(there, ada).get()) == ENDED, 10.0)
    else:
        there.feed.elapsed = lambda: float("inf")
        assert refusal(at(there, ada).get()) == ENDED
