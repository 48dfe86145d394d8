"""A process's copy of the revocations: no I/O while it is fresh, fail closed when it is stale."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from flask_watchword import create_access_token
from flask_watchword.extension.sessions.revocation_feed import RevocationMetrics
from flask_watchword.infra.memory_sessions import MemorySessionStore
from flask_watchword.sessions.expiring_set import MOST_RECENT
from flask_watchword.sessions.revocation import Revocation, RevocationKind
from flask_watchword.sessions.session import SIGNED_OUT, Lifetimes
from flask_watchword.sessions.store import RETENTION_SECONDS
from tests.extension.sessions.conftest import MakeSite
from tests.extension.sessions.shared_store import TIMEOUT, Connection, Shared
from tests.extension.sessions.site import MINUTE, START, Site, StoppedClock, bearing, refusal

ENDED = (401, "session_ended")
UNAVAILABLE = (503, "store_unavailable")


@pytest.fixture
def shared() -> Shared:
    return Shared()


@pytest.fixture
def connection(shared: Shared) -> Connection:
    return Connection(shared)


@pytest.fixture
def elapsed() -> StoppedClock:
    """The clock that measures the age of the copy."""
    return StoppedClock()


@pytest.fixture
def site(make_site: MakeSite, connection: Connection, elapsed: StoppedClock) -> Site:
    """An application whose follower has read the log once and waits from then on."""
    site = make_site(WATCHWORD_SESSION_STORE=connection, WATCHWORD_REVOCATION_STALENESS=2)
    site.feed.elapsed = elapsed
    site.clock.now = START - 10  # the store was created before the sessions of the tests
    site.sign_in("first").get()
    site.clock.now = START
    assert connection.waiting.wait(TIMEOUT)
    connection.asked.clear()
    return site


def eventually(holds: Callable[[], bool]) -> bool:
    """Wait until another thread has fulfilled a condition."""
    until = time.monotonic() + TIMEOUT
    while not holds() and time.monotonic() < until:
        time.sleep(0.005)
    return holds()


def end_elsewhere(shared: Shared, session_id: str) -> None:
    assert shared.memory.end(session_id, START, SIGNED_OUT, Lifetimes()) is not None


def test_protected_request_with_a_fresh_copy_does_not_query_the_store(
    site: Site, connection: Connection, elapsed: StoppedClock
) -> None:
    ada = site.sign_in()
    connection.asked.clear()
    elapsed.now += 1.9
    assert [ada.get().status_code for _ in range(20)] == [200] * 20
    assert connection.asked == []


def test_stale_copy_is_updated_by_the_request(
    site: Site, connection: Connection, shared: Shared, elapsed: StoppedClock
) -> None:
    ada = site.sign_in()
    end_elsewhere(shared, ada.session_id)
    connection.asked.clear()
    elapsed.now += 2
    assert refusal(ada.get()) == ENDED
    assert connection.asked == ["revocations"]


def test_moved_change_mark_shows_the_revocation_to_the_next_request(
    site: Site, connection: Connection, shared: Shared
) -> None:
    connection.tells_by_mark = True
    ada = site.sign_in()
    assert ada.get().status_code == 200
    connection.asked.clear()
    end_elsewhere(shared, ada.session_id)
    assert refusal(ada.get()) == ENDED
    assert connection.asked == ["revocations"]


def test_follower_loads_revocations_of_other_processes(
    site: Site, connection: Connection, shared: Shared
) -> None:
    ada = site.sign_in()
    end_elsewhere(shared, ada.session_id)
    assert ada.get().status_code == 200
    connection.wakes.set()
    assert eventually(lambda: refusal(ada.get()) == ENDED)


def test_new_process_has_all_revocations_at_its_first_response(
    make_site: MakeSite, shared: Shared
) -> None:
    early = make_site(WATCHWORD_SESSION_STORE=Connection(shared))
    devices = [early.sign_in() for _ in range(5)]
    for device in devices[:4]:
        device.post("/end")
    late = make_site(WATCHWORD_SESSION_STORE=Connection(shared)).app.test_client()
    answers = [late.get("/me", headers=bearing(device.access)) for device in devices]
    assert [answer.status_code for answer in answers] == [401] * 4 + [200]


def test_forked_process_reads_only_what_was_logged_since(
    site: Site, connection: Connection, shared: Shared
) -> None:
    ada, other = site.sign_in(), site.sign_in()
    ada.post("/end")
    site.feed.catch_up()
    cursors: list[int] = []
    log_pages = shared.memory.log_pages
    shared.memory.log_pages = (  # type: ignore[method-assign]
        lambda after, now: cursors.append(after) or log_pages(after, now)  # type: ignore[func-returns-value]
    )
    site.feed.after_fork()
    end_elsewhere(shared, other.session_id)
    assert refusal(other.get()) == refusal(ada.get()) == ENDED
    assert cursors == [1]


def test_feed_continues_from_the_copy_of_another_process(
    site: Site, make_site: MakeSite, shared: Shared
) -> None:
    ada, other = site.sign_in(), site.sign_in()
    ada.post("/end")
    known = site.feed.load()
    shared.memory._log.clear()  # the child has to know without reading
    late = make_site(WATCHWORD_SESSION_STORE=Connection(shared))
    late.feed.continue_from(known)
    end_elsewhere(shared, other.session_id)
    client = late.app.test_client()
    assert refusal(client.get("/me", headers=bearing(ada.access))) == ENDED
    assert refusal(client.get("/me", headers=bearing(other.access))) == ENDED


def test_process_that_was_forked_before_the_store_was_wiped_reads_all_of_the_new_log(
    site: Site, shared: Shared, elapsed: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        site.sign_in().post("/end")
    site.feed.catch_up()
    shared.memory = MemorySessionStore()
    shared.memory.revocations(0, START + 1)
    site.clock.now = START + 5
    ada = site.sign_in()
    end_elsewhere(shared, ada.session_id)
    site.feed.after_fork()
    with caplog.at_level(logging.WARNING):
        assert refusal(ada.get()) == ENDED
    assert "was wiped" in caplog.text
    assert ada.session_id in site.feed._index._sessions


def test_very_many_revocations_move_to_a_table_while_nothing_else_is_to_do(
    site: Site, shared: Shared, elapsed: StoppedClock
) -> None:
    ids = [f"id {number}" for number in range(MOST_RECENT + 1)]
    site.feed.add_local(Revocation(RevocationKind.SESSION, one, START, START + 900) for one in ids)
    assert site.feed._index._sessions.table is None
    elapsed.now += 60
    site.feed.clean_up()
    assert site.feed._index._sessions.recent == {}
    assert all(one in site.feed._index._sessions for one in ids)


def test_session_ended_by_this_process_is_rejected_before_it_is_in_the_log(
    site: Site, connection: Connection
) -> None:
    ada, other = site.sign_in(), site.sign_in()
    assert ada.post("/end").status_code == 200
    connection.asked.clear()
    assert refusal(ada.get()) == ENDED
    assert other.get().status_code == 200
    assert connection.asked == []


def test_revoked_tokens_without_a_session_are_rejected_immediately_as_well(
    site: Site, connection: Connection
) -> None:
    with site.app.test_request_context():
        plain = create_access_token("ada")
        site.sessions.end_all("ada")
    connection.asked.clear()
    answer = site.app.test_client().get("/me", headers=bearing(plain))
    assert refusal(answer) == (401, "token_revoked")
    assert connection.asked == []


def test_stale_copy_without_the_log_queries_the_store_for_the_token(
    site: Site, connection: Connection, shared: Shared, elapsed: StoppedClock
) -> None:
    ada, other = site.sign_in(), site.sign_in()
    end_elsewhere(shared, ada.session_id)
    elapsed.now += 2
    connection.log_is_down = True
    assert refusal(ada.get()) == ENDED
    assert other.get().status_code == 200
    assert connection.asked[-1] == "find_revocations"


@pytest.mark.parametrize("path", ["/me", "/optional", "/expired"])
def test_stale_copy_while_the_store_is_down_fails_closed(
    site: Site, connection: Connection, elapsed: StoppedClock, path: str
) -> None:
    ada = site.sign_in()
    if path == "/expired":
        site.clock.now += 16 * MINUTE
    elapsed.now += 2
    connection.down = True
    answer = ada.get(path)
    assert refusal(answer) == UNAVAILABLE
    assert int(answer.headers["Retry-After"]) > 0
    assert "msg" in answer.get_json()


def test_fresh_copy_serves_requests_while_the_store_is_down(
    site: Site, connection: Connection, elapsed: StoppedClock
) -> None:
    ada, gone = site.sign_in(), site.sign_in()
    gone.post("/end")
    connection.down = True
    elapsed.now += 1.9
    assert ada.get().status_code == 200
    assert refusal(gone.get()) == ENDED


def test_refresh_during_an_outage_loses_nothing(site: Site, connection: Connection) -> None:
    ada = site.sign_in()
    connection.down = True
    answer = ada.refresh()
    assert refusal(answer) == UNAVAILABLE
    assert "Retry-After" in answer.headers
    connection.down = False
    assert ada.refresh().status_code == ada.get().status_code == 200


def test_login_and_logout_during_an_outage_give_503(site: Site, connection: Connection) -> None:
    ada = site.sign_in()
    connection.down = True
    assert refusal(site.app.test_client().post("/login")) == UNAVAILABLE
    assert refusal(ada.post("/end")) == UNAVAILABLE
    assert ada.get().status_code == 200


def test_first_request_after_an_outage_succeeds(
    site: Site, connection: Connection, elapsed: StoppedClock
) -> None:
    ada = site.sign_in()
    elapsed.now += 2
    connection.down = True
    assert refusal(ada.get()) == UNAVAILABLE
    connection.down = False
    assert ada.get().status_code == 200


def test_follower_recovers_after_an_outage(
    site: Site, connection: Connection, shared: Shared, caplog: pytest.LogCaptureFixture
) -> None:
    ada = site.sign_in()
    connection.down = True
    connection.wakes.set()
    asked = len(connection.asked)
    assert eventually(lambda: len(connection.asked) > asked + 3)
    end_elsewhere(shared, ada.session_id)
    connection.down = False
    assert eventually(lambda: refusal(ada.get()) == ENDED)
    connection.wakes.set()
    assert eventually(lambda: len(caplog.messages) == 2)
    # One line each, for any number of requests in between.
    assert caplog.messages == [
        "The session store does not respond: connection refused",
        "The session store responds again",
    ]


def test_error_in_the_follower_does_not_end_it(
    site: Site,
    connection: Connection,
    shared: Shared,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ada = site.sign_in()
    with monkeypatch.context() as patched:
        patched.setattr(connection, "revocations", lambda *_: 1 / 0)
        connection.wakes.set()
        assert eventually(lambda: "Following the revocations failed" in caplog.text)
    end_elsewhere(shared, ada.session_id)
    assert eventually(lambda: refusal(ada.get()) == ENDED)


def test_many_requests_with_a_stale_copy_read_the_log_once(
    site: Site, connection: Connection, elapsed: StoppedClock
) -> None:
    ada = site.sign_in()
    connection.asked.clear()
    connection.gate.clear()
    connection.reading.clear()
    elapsed.now += 2
    with ThreadPoolExecutor(12) as pool:
        answers = [pool.submit(lambda: ada.get().status_code) for _ in range(12)]
        assert connection.reading.wait(TIMEOUT)
        connection.gate.set()
        assert [answer.result(TIMEOUT) for answer in answers] == [200] * 12
    assert connection.asked == ["revocations"]


def test_tokens_from_before_the_first_protected_request_do_not_query_the_store(
    make_site: MakeSite, connection: Connection
) -> None:
    site = make_site(WATCHWORD_SESSION_STORE=connection)
    site.sign_in("first")
    site.clock.now += 60
    ada = site.sign_in()
    site.clock.now += 60
    assert ada.get().status_code == 200
    assert "get" not in connection.asked


def test_wiped_store_makes_no_revoked_token_valid(
    site: Site, connection: Connection, shared: Shared, elapsed: StoppedClock,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    ended, living = site.sign_in(), site.sign_in()
    ended.post("/end")
    shared.memory = MemorySessionStore()
    elapsed.now += 2
    site.clock.now += 5
    with caplog.at_level(logging.WARNING):
        assert refusal(ended.get()) == ENDED
    assert "was wiped" in caplog.text
    # Its session is lost, so it could not be ended any more.
    assert refusal(living.get()) == refusal(living.refresh()) == ENDED
    again = site.sign_in()
    assert again.get().status_code == again.refresh().status_code == 200


def test_log_of_a_wiped_store_is_read_from_its_beginning(
    site: Site, shared: Shared, elapsed: StoppedClock
) -> None:
    for _ in range(3):
        site.sign_in().post("/end")
    site.feed.catch_up()  # so that the old log's cursor is beyond the new log's end
    shared.memory = MemorySessionStore()
    shared.memory.revocations(0, START + 1)
    site.clock.now = START + 5
    ada = site.sign_in()
    end_elsewhere(shared, ada.session_id)
    elapsed.now += 2
    assert refusal(ada.get()) == ENDED
    assert ada.session_id in site.feed._index._sessions


def test_process_started_after_a_wipe_makes_no_revoked_token_valid(
    site: Site, shared: Shared, make_site: MakeSite
) -> None:
    ended = site.sign_in()
    ended.post("/end")
    shared.memory = MemorySessionStore()
    late = make_site(WATCHWORD_SESSION_STORE=Connection(shared))
    late.clock.now = START + 5
    client = late.app.test_client()
    assert refusal(client.get("/me", headers=bearing(ended.access))) == ENDED
    again = late.sign_in()
    assert again.get().status_code == 200


def test_sessions_of_the_second_in_which_the_store_was_wiped_continue(make_site: MakeSite) -> None:
    site = make_site()
    ada = (
        site.sign_in()
    )  # iat is truncated to the second, so it is before the creation of the store
    assert ada.get().status_code == ada.refresh().status_code == 200


def test_expired_entries_are_removed_and_the_store_is_purged(
    site: Site, elapsed: StoppedClock, shared: Shared
) -> None:
    devices = [site.sign_in() for _ in range(3)]
    for device in devices:
        device.post("/end")
    assert len(site.feed._index) == 3
    site.clock.now += 40 * 86_400
    elapsed.now += 60
    site.feed.clean_up()
    assert len(site.feed._index) == 0
    assert shared.memory.get(devices[0].session_id) is None


def test_purged_session_has_no_token_that_the_leeway_accepts(
    make_site: MakeSite,
) -> None:
    site = make_site(JWT_DECODE_LEEWAY=60, WATCHWORD_SESSION_IDLE=900)
    elapsed = site.feed.elapsed = StoppedClock()
    ada, bob = site.sign_in(), site.sign_in("bob")
    site.clock.now += 900 + 30
    elapsed.now += MINUTE
    site.feed.clean_up()
    assert ada.get().status_code == bob.get().status_code == 200
    ada.post("/end")
    bob.post("/end-all")
    assert refusal(ada.get()) == refusal(bob.get()) == ENDED


def test_cleanup_waits_for_its_interval_unless_there_is_more_to_purge(
    site: Site, connection: Connection, elapsed: StoppedClock, shared: Shared
) -> None:
    elapsed.now += 60
    entries = [Revocation(RevocationKind.TOKEN, str(n), START, START + 1) for n in range(150)]
    for entry in entries:
        shared.memory.revoke(entry)
    site.clock.now += RETENTION_SECONDS + 2
    connection.asked.clear()
    for _ in range(4):
        site.feed.clean_up()
    assert connection.asked == ["purge", "purge"]
    elapsed.now += 11
    site.feed.clean_up()
    assert len(connection.asked) == 3


def test_one_thread_follows_for_any_number_of_requests(site: Site) -> None:
    ada = site.sign_in()
    for _ in range(10):
        ada.get()
    names = [
        thread.name for thread in threading.enumerate() if thread is site.feed._follower.thread
    ]
    assert names == ["watchword-revocations"]


def test_thread_starts_with_the_first_session_and_not_with_the_application(
    make_site: MakeSite,
) -> None:
    site = make_site()
    assert site.feed._follower.thread is None
    site.sign_in()
    assert site.feed._follower.thread is not None


def test_thread_of_a_collected_application_ends(shared: Shared) -> None:
    wakes = threading.Event()
    site = Site(WATCHWORD_SESSION_STORE=Connection(shared, wakes))
    site.sign_in().get()
    thread = site.feed._follower.thread
    assert thread is not None
    site.close()
    thread.join(TIMEOUT)
    assert not thread.is_alive()


def test_metrics_have_the_age_of_the_copy(site: Site, elapsed: StoppedClock) -> None:
    elapsed.now += 1.5
    assert site.sessions.metrics(site.app) == RevocationMetrics(
        staleness=1.5, entries=0, follows=True
    )
    site.sign_in().post("/end")
    site.feed.catch_up()
    assert site.sessions.metrics(site.app) == RevocationMetrics(
        staleness=0.0, entries=1, follows=True
    )


def test_metrics_show_a_growing_age_while_the_store_is_down(
    site: Site, connection: Connection, elapsed: StoppedClock
) -> None:
    ada = site.sign_in()
    connection.down = True
    elapsed.now += 600
    assert refusal(ada.get()) == UNAVAILABLE
    assert site.sessions.metrics(site.app).staleness == 600
    connection.down = False
    assert ada.get().status_code == 200
    assert site.sessions.metrics(site.app).staleness == 0


def test_metrics_of_a_process_that_has_not_served_have_no_age(make_site: MakeSite) -> None:
    site = make_site()
    with site.app.app_context():
        assert site.sessions.metrics() == RevocationMetrics(
            staleness=None, entries=0, follows=False
        )


def test_metrics_show_that_the_thread_has_ended(site: Site, connection: Connection) -> None:
    thread = site.feed._follower.thread
    assert thread is not None
    site.feed.close()
    connection.wakes.set()
    thread.join(TIMEOUT)
    assert not site.sessions.metrics(site.app).follows


def test_closed_feed_does_not_query_its_store(
    site: Site, connection: Connection, elapsed: StoppedClock
) -> None:
    site.feed.close()
    elapsed.now += 60
    connection.asked.clear()
    site.feed.catch_up()
    site.feed.clean_up()
    assert connection.asked == []


FORKED_WHILE_A_LOCK_IS_HELD = """
import os, signal
from flask_watchword.extension.resources import Resources
from flask_watchword.extension.sessions.revocation_feed import RevocationFeed
from flask_watchword.infra.memory_sessions import MemorySessionStore

feed = RevocationFeed(MemorySessionStore(), 2.0, "sub", lambda: 0.0, Resources())
# As its thread does for a moment whenever it reads the log.
with feed._lock():
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        feed.close()
        feed.catch_up()
        assert feed.metrics().staleness is None  # a feed that was closed asks nothing any more
        os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
"""


def test_fork_leaves_no_lock_of_the_follower_thread_held() -> None:
    script = FORKED_WHILE_A_LOCK_IS_HELD
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
