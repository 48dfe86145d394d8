"""Behaviour specific to Valkey: scripts, memory, data loss and outages."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import valkey

from flask_watchword.infra import circuit_breaker
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.valkey import sessions as module
from flask_watchword.infra.valkey.sessions import ValkeySessionStore
from flask_watchword.sessions.refresh import RefreshRejected, refresh
from flask_watchword.sessions.revocation import Revocation, RevocationIndex, RevocationKind
from flask_watchword.sessions.session import SIGNED_OUT, Lifetimes, Session, new_session
from tests.servers.valkey import ValkeyServer, running_cluster, running_valkey, wait_until

pytestmark = pytest.mark.server

NOW = 1_700_000_000.25
LIVES = Lifetimes(access=900.0, idle=7_200.0, absolute=36_000.0)

#: Seconds in which a caller detects that the server is down: the timeout, on a busy machine.
AT_ONCE = 3.5


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    with running_valkey() as server:
        yield server


@pytest.fixture
def store(server: ValkeyServer) -> Iterator[ValkeySessionStore]:
    store = ValkeySessionStore.from_url(server.url)
    yield store
    store.close()


def started(store: ValkeySessionStore, subject: str = "ada", now: float = NOW) -> Session:
    session = new_session(subject, now, LIVES)
    store.start(session, None, LIVES)
    return session


def test_start_with_a_limit_reads_a_bounded_number_of_sessions(
    server: ValkeyServer, store: ValkeySessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ENDED_PER_CALL", 4)
    old = [started(store, now=NOW + n) for n in range(100)]
    with server.client() as client:
        client.config_resetstat()
        ended = store.start(new_session("ada", NOW + 100, LIVES), 10, LIVES)
        assert client.info("commandstats")["cmdstat_hmget"]["calls"] < 40
    assert [session.id for session in ended] == [session.id for session in old[:4]]


def test_expired_sessions_are_neither_counted_nor_ended_for_a_limit(
    store: ValkeySessionStore,
) -> None:
    for n in range(3):
        started(store, now=NOW + n)
    used = [started(store, now=NOW + 10 + n) for n in range(3)]
    late = NOW + LIVES.idle + 5
    for session in used:
        store.rotate(session.id, 1, NOW + 3_600, LIVES)
    newest = new_session("ada", late, LIVES)
    ended = store.start(newest, 3, LIVES)
    assert [session.id for session in ended] == [used[0].id]
    assert {session.id for session in store.of_subject("ada", late)} == {
        newest.id,
        *(session.id for session in used[1:]),
    }


def test_login_with_a_clock_behind_is_not_ended_by_the_session_limit(
    store: ValkeySessionStore,
) -> None:
    others = [started(store, now=NOW + n) for n in range(3)]
    behind = new_session("ada", NOW - 5, LIVES)
    ended = store.start(behind, 2, LIVES)
    assert [session.id for session in ended] == [session.id for session in others[:2]]
    assert store.get(behind.id) is not None
    assert [
        session.id for session in store.start(new_session("ada", NOW + 9, LIVES), 1, LIVES)
    ] == [
        behind.id,
        others[2].id,
    ]


def token(value: str, until: float = NOW + 900) -> Revocation:
    return Revocation(RevocationKind.TOKEN, value, NOW, until)


def logged(store: ValkeySessionStore) -> list[str]:
    return [entry.value for entry in store.revocations(0, NOW).entries]


def every_key(server: ValkeyServer) -> list[bytes]:
    keys: list[bytes] = server.client().keys()
    return keys


@contextmanager
def at_once() -> Iterator[None]:
    before = time.monotonic()
    yield
    assert time.monotonic() - before < AT_ONCE


# Scripts


def test_scripts_lost_by_the_server_are_loaded_again(
    server: ValkeyServer, store: ValkeySessionStore
) -> None:
    session = started(store)
    server.client().script_flush()
    assert store.rotate(session.id, 1, NOW, LIVES)
    server.client().script_flush()
    assert store.end(session.id, NOW, SIGNED_OUT, LIVES)
    assert logged(store) == [session.id]


class Repeating(valkey.Valkey):
    """A client that sends each script twice, as after a lost response."""

    def evalsha(self, *args: Any) -> Any:
        super().evalsha(*args)
        return super().evalsha(*args)


def test_rotation_sent_again_by_the_client_is_not_a_second_use(server: ValkeyServer) -> None:
    strict = replace(LIVES, grace=0.0)
    store = ValkeySessionStore(Repeating(port=server.port))
    session = started(store)
    refresh(store, session.id, 1, NOW, strict)
    assert refresh(store, session.id, 2, NOW, strict).session.generation == 3
    with pytest.raises(RefreshRejected, match="refresh_reused"):
        refresh(store, session.id, 2, NOW, strict)


def test_client_that_decodes_responses_is_supported(server: ValkeyServer) -> None:
    store = ValkeySessionStore(valkey.Valkey(port=server.port, decode_responses=True))
    session = started(store)
    store.wait_for_change(1)
    store.end(session.id, NOW, SIGNED_OUT, LIVES)
    store.wait_for_change(60)
    assert logged(store) == [session.id]
    assert [entry.value for entry in store.find_revocations(session.id, None, None)] == logged(
        store
    )


# Memory


def test_session_without_a_refresh_expires_by_itself(
    server: ValkeyServer, store: ValkeySessionStore
) -> None:
    brief = replace(LIVES, access=0.1, idle=0.2, absolute=0.3)
    session = new_session("ada", NOW, brief)
    store.start(session, None, brief)
    wait_until(lambda: store.get(session.id) is None, 5)
    wait_until(lambda: every_key(server) == [b"{watchword}:sessions"], 5)


def test_session_in_use_lives_until_its_absolute_expiry(
    server: ValkeyServer, store: ValkeySessionStore
) -> None:
    session = started(store)
    (key,) = server.client().keys("*:session:*")
    assert 7_190_000 < server.client().pttl(key) <= 7_200_000
    server.client().pexpire(key, 5_000)
    store.rotate(session.id, 1, NOW + 100, LIVES)
    assert 7_190_000 < server.client().pttl(key) <= 7_200_000
    for generation, now in ((2, 7_000), (3, 14_000), (4, 21_000), (5, 28_000), (6, 35_000)):
        store.rotate(session.id, generation, NOW + now, LIVES)
    assert 990_000 < server.client().pttl(key) <= 1_000_000


def test_purging_leaves_only_the_log_counters(
    server: ValkeyServer, store: ValkeySessionStore
) -> None:
    for n in range(5):
        session = started(store, f"subject {n}")
        store.revoke(token(str(n)))
        store.end(session.id, NOW, SIGNED_OUT, LIVES)
        started(store, f"subject {n}")
    epoch = store.revocations(0, NOW).epoch
    while store.purge(NOW + LIVES.absolute, 4):
        pass
    assert every_key(server) == [b"{watchword}:entries"]
    assert set(server.client().hkeys("{watchword}:entries")) == {b"epoch", b"since", b"last"}
    assert store.revocations(0, NOW).epoch == epoch


def test_purge_removes_references_to_expired_sessions(
    server: ValkeyServer, store: ValkeySessionStore
) -> None:
    started(store)
    (key,) = server.client().keys("*:session:*")
    server.client().delete(key)
    assert list(store.of_subject("ada", NOW)) == []
    assert store.purge(NOW + LIVES.idle, 10) == 1
    assert every_key(server) == []


def test_all_sessions_are_ended_in_short_steps_despite_concurrent_deletions(
    store: ValkeySessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_watchword.infra.valkey.sessions.MAX_ENDED_PER_CALL", 3)
    for number in range(5):
        started(store, now=NOW - LIVES.idle - 60 + number)  # expired, and stored until the purge
    live = [started(store, now=NOW + number).id for number in range(10)]
    ask, steps = store._run, []

    def ask_and_purge(script: str, *args: Any) -> Any:
        answer = ask(script, *args)
        steps.append(len(answer[0]))
        if len(steps) == 2:
            store._run = ask  # type: ignore[method-assign]
            assert store.purge(NOW, 100) == 5
            store._run = ask_and_purge  # type: ignore[method-assign]
        return answer

    store._run = ask_and_purge  # type: ignore[method-assign]
    ended = store.end_all("ada", NOW + 20, SIGNED_OUT, LIVES)
    assert sorted(one.id for one in ended) == sorted(live)
    assert max(steps) == 3


def test_of_two_calls_that_end_very_many_sessions_at_once_none_keeps_what_the_other_has_ended(
    store: ValkeySessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ENDED_PER_CALL", 3)
    many = [new_session("ada", NOW + n, LIVES) for n in range(10)]
    for session in many:
        store.start(session, None, LIVES)
    # The other call comes between two steps of the first, and keeps what that ends afterwards.
    first, other = many[9].id, many[8].id
    run, steps = store._run, []

    def run_and_call_again(script: str, *arguments: Any) -> Any:
        answer = run(script, *arguments)
        if script == "end_all":
            steps.append(answer)
            if len(steps) == 1:
                store.end_all("ada", NOW + 60, SIGNED_OUT, LIVES, keep=other)
        return answer

    monkeypatch.setattr(store, "_run", run_and_call_again)
    store.end_all("ada", NOW + 60, SIGNED_OUT, LIVES, keep=first)
    index = RevocationIndex()
    index.add(store.revocations(0, NOW + 60).entries)
    assert store.of_subject("ada", NOW + 60) == []
    claims = [{"sid": one.id, "sub": "ada", "auth_time": int(one.started_at)} for one in many]
    assert [one["sid"] for one in claims if not index.revokes(one)] == []


def test_log_of_many_pages_is_returned_complete_and_in_order(
    store: ValkeySessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 3)
    values = [f"token {n}" for n in range(9)]
    for value in values[:4]:
        store.revoke(token(value))
    cursor = store.revocations(0, NOW).cursor
    assert logged(store) == values[:4]
    for value in values[4:]:
        store.revoke(token(value))
    assert [entry.value for entry in store.revocations(cursor, NOW).entries] == values[4:]
    assert logged(store) == values


def test_pages_of_the_log_have_every_live_entry_once_also_if_many_expire_at_once(
    store: ValkeySessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOADED_PAGE", 3)
    ends = [0, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 3, 3]
    for number, after in enumerate(ends):
        store.revoke(token(f"token {number}", until=NOW + after))
    pages = list(store.log_pages(0, NOW))
    found = [value for page in pages for value, _ in page.tokens]
    assert sorted(found) == sorted(f"token {n}" for n, after in enumerate(ends) if after)
    assert dict(pages[0].tokens)["token 1"] == NOW + 1
    assert list(store.revocations(pages[-1].cursor, NOW).entries) == []


def test_revocation_during_a_read_of_the_log_comes_after_it(
    store: ValkeySessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOADED_PAGE", 2)
    for number in range(6):
        store.revoke(token(f"token {number}", until=NOW + 1 + number))
    pages = store.log_pages(0, NOW)
    for _ in range(2):
        page = next(pages)
    store.revoke(token("new", until=NOW + 1))
    list(pages)
    assert [entry.value for entry in store.revocations(page.cursor, NOW).entries] == ["new"]


def test_entry_revoked_twice_is_stored_once_for_the_longer_time(
    server: ValkeyServer, store: ValkeySessionStore
) -> None:
    store.revoke(token("one", until=NOW + 20))
    store.revoke(token("two"))
    store.revoke(token("one", until=NOW + 10))
    assert list(store.revocations(0, NOW).entries) == [token("two"), token("one", until=NOW + 20)]
    assert server.client().zcard("{watchword}:ends") == 2


# A store that has lost data


def test_wiped_store_has_another_epoch_and_no_old_token_works(
    server: ValkeyServer, store: ValkeySessionStore
) -> None:
    ended, alive = started(store), started(store)
    store.end(ended.id, NOW, SIGNED_OUT, LIVES)
    before = store.revocations(0, NOW)
    server.client().flushall()
    for session in (ended, alive):
        with pytest.raises(RefreshRejected, match="session_ended"):
            refresh(store, session.id, 1, NOW, LIVES)
    store.revoke(token("new"))
    after = store.revocations(before.cursor, NOW + 5)
    assert after.epoch != before.epoch
    assert (before.since, after.since) == (NOW, NOW + 5)
    assert [entry.value for entry in after.entries] == ["new"]


def test_every_follower_of_a_wiped_store_sees_the_same_new_epoch(
    server: ValkeyServer, store: ValkeySessionStore
) -> None:
    followers = [ValkeySessionStore.from_url(server.url) for _ in range(3)]
    store.revoke(token("old"))
    cursors = [follower.revocations(0, NOW).cursor for follower in followers]
    server.client().flushall()
    batches = [f.revocations(cursor, NOW) for f, cursor in zip(followers, cursors, strict=True)]
    again = [f.revocations(b.cursor, NOW) for f, b in zip(followers, batches, strict=True)]
    assert len({batch.epoch for batch in batches + again}) == 1
    for follower in followers:
        follower.close()


@pytest.mark.parametrize("key", ["order", "entries", "ends"])
def test_log_with_missing_entries_counts_as_wiped(
    server: ValkeyServer, store: ValkeySessionStore, key: str
) -> None:
    store.revoke(token("old"))
    before = store.revocations(0, NOW)
    server.client().delete(f"{{watchword}}:{key}")
    after = store.revocations(before.cursor, NOW)
    assert after.epoch != before.epoch
    assert store.revocations(after.cursor, NOW).epoch == after.epoch
    store.revoke(token("new"))
    assert logged(store) == ["new"]


def test_follower_that_has_seen_lost_entries_starts_a_new_epoch(
    server: ValkeyServer, store: ValkeySessionStore
) -> None:
    store.revoke(token("kept"))
    before = store.revocations(0, NOW)
    kept = {key: server.client().dump(key) for key in every_key(server)}
    store.revoke(token("lost"))
    cursor = store.revocations(0, NOW).cursor
    for key, content in kept.items():
        server.client().restore(key, 0, content, replace=True)
    after = store.revocations(cursor, NOW)
    assert after.epoch != before.epoch
    assert [entry.value for entry in after.entries] == ["kept"]


def test_entries_after_lost_ones_are_missed_by_no_follower(
    server: ValkeyServer, store: ValkeySessionStore
) -> None:
    store.revoke(token("kept"))
    store.revocations(0, NOW)
    kept = {key: server.client().dump(key) for key in every_key(server)}
    for n in range(3):
        store.revoke(token(f"lost {n}"))
    cursor = store.revocations(0, NOW).cursor
    for key, content in kept.items():
        server.client().restore(key, 0, content, replace=True)
    store.revoke(token("new"))
    assert [entry.value for entry in store.revocations(cursor, NOW).entries] == ["new"]


# A server that is down


def test_killed_server_is_unavailable_immediately_and_used_again_after_a_restart() -> None:
    with running_valkey(appendonly="yes", appendfsync="always") as server:
        store = ValkeySessionStore.from_url(server.url)
        session, ended = started(store), started(store)
        rotated = store.rotate(session.id, 1, NOW, LIVES)
        store.end(ended.id, NOW, SIGNED_OUT, LIVES)
        before = store.revocations(0, NOW)
        store.wait_for_change(0)
        server.stop()
        calls: list[Callable[[], object]] = [
            lambda: store.get(session.id),
            lambda: store.rotate(session.id, 2, NOW, LIVES),
            lambda: store.end(session.id, NOW, SIGNED_OUT, LIVES),
            lambda: store.revocations(0, NOW),
            lambda: store.wait_for_change(60),
            lambda: store.wait_for_change(60),
        ]
        for call in calls:
            with at_once(), pytest.raises(StoreUnavailable):
                call()
        server.start()
        assert store.get(session.id) == rotated
        assert store.revocations(0, NOW) == before
        with at_once():
            store.wait_for_change(60)  # a new subscription: an entry may have been missed
        store.revoke(token("new"))
        with at_once():
            store.wait_for_change(60)
        with pytest.raises(RefreshRejected, match="refresh_reused"):
            refresh(store, session.id, 1, NOW + 60, LIVES)
        store.close()


def test_frozen_server_blocks_no_call_longer_than_the_timeout(
    server: ValkeyServer, store: ValkeySessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(circuit_breaker, "_PAUSE", 0.0)
    session = started(store)
    with server.frozen():
        for _ in range(2):  # over an existing connection, and over a new one
            with at_once(), pytest.raises(StoreUnavailable):
                store.get(session.id)
    assert store.get(session.id) == session


def test_waiting_thread_detects_a_frozen_server(
    server: ValkeyServer, store: ValkeySessionStore
) -> None:
    store.wait_for_change(0)
    with server.frozen(), pytest.raises(StoreUnavailable, match="no answer"):
        store.wait_for_change(60)
    store.wait_for_change(60)
    store.revoke(token("new"))
    with at_once():
        store.wait_for_change(60)


def test_closing_while_the_server_is_frozen_ends_the_wait(
    server: ValkeyServer, store: ValkeySessionStore
) -> None:
    store.wait_for_change(0)
    with ThreadPoolExecutor(1) as pool, server.frozen():
        waiting = pool.submit(store.wait_for_change, 60)
        with at_once():
            store.close()
        assert waiting.result(1) is None


def test_idle_connection_is_pinged_and_kept(store: ValkeySessionStore) -> None:
    store.wait_for_change(0)
    before = time.monotonic()
    store.wait_for_change(2.5)
    assert time.monotonic() - before >= 2.5
    store.revoke(token("new"))
    with at_once():
        store.wait_for_change(60)


def test_full_server_accepts_no_new_sessions_and_still_revokes(
    server: ValkeyServer, store: ValkeySessionStore
) -> None:
    one, other = started(store), started(store)
    server.client().config_set("maxmemory", "1")
    with pytest.raises(StoreUnavailable, match="maxmemory"):
        started(store)
    with pytest.raises(StoreUnavailable, match="maxmemory"):
        store.rotate(one.id, 1, NOW, LIVES)
    assert store.get(one.id) == one
    store.revoke(token("token"))
    assert store.end(one.id, NOW, SIGNED_OUT, LIVES)
    assert [session.id for session in store.end_all("ada", NOW, SIGNED_OUT, LIVES)] == [other.id]
    assert logged(store) == ["token", one.id, other.id, "ada"]


def test_many_announcements_wake_a_waiter_few_times(store: ValkeySessionStore) -> None:
    store.wait_for_change(0)
    for n in range(50):
        store.revoke(token(str(n)))
    wakes, until = 0, time.monotonic() + 0.25
    while time.monotonic() < until:
        store.wait_for_change(0.25)
        wakes += 1
    assert wakes < 10


FORKED = """
import os, sys, time
from flask_watchword.sessions.revocation import RevocationKind, Revocation
from flask_watchword.sessions.session import Lifetimes, new_session
from flask_watchword.infra.valkey.sessions import ValkeySessionStore

store = ValkeySessionStore.from_url(sys.argv[1])
session = new_session("ada", 1000.0, Lifetimes())
store.start(session, None, Lifetimes())
store.wait_for_change(60)
child = os.fork()
if child == 0:
    before = time.monotonic()
    store.wait_for_change(20)  # subscribes for itself, so it returns
    assert time.monotonic() - before < 10
for _ in range(200):
    assert store.get(session.id) == session
if child == 0:
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
store.revoke(Revocation(RevocationKind.TOKEN, "last", 1000.0, 2000.0))
before = time.monotonic()
store.wait_for_change(20)
assert time.monotonic() - before < 10
"""


def test_fork_shares_no_connection_with_its_parent(server: ValkeyServer) -> None:
    subprocess.run([sys.executable, "-c", FORKED, server.url], check=True, timeout=60)


FORKED_WHILE_A_LOCK_IS_HELD = """
import os, signal, sys
from flask_watchword.infra.valkey.sessions import ValkeySessionStore

store = ValkeySessionStore.from_url(sys.argv[1])
# As a thread of the parent does for a moment whenever it waits.
with store._subscription._lock():
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        store.close()
        os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
store.close()
"""


def test_fork_leaves_no_lock_of_a_waiting_thread_held(server: ValkeyServer) -> None:
    script = FORKED_WHILE_A_LOCK_IS_HELD
    subprocess.run([sys.executable, "-c", script, server.url], check=True, timeout=60)


# A cluster


def test_cluster_keeps_one_prefix_on_one_node_and_misses_no_notification() -> None:
    with running_cluster() as servers:
        url = servers[0].url.replace("valkey:", "valkey+cluster:")
        stores = [ValkeySessionStore.from_url(url, prefix=f"app {n}") for n in range(8)]
        for store in stores:
            store.end(started(store).id, NOW, SIGNED_OUT, LIVES)
            started(store)
        held = [{key.split(b"}")[0] for key in every_key(s)} for s in servers]
        assert sum(len(prefixes) for prefixes in held) == len(stores)
        assert all(held)

        waiting = stores[0]
        waiting.wait_for_change(0)
        waiting.revoke(token("new"))
        with at_once():
            waiting.wait_for_change(60)

        away = next(n for n, prefixes in enumerate(held) if b"{app 0" in prefixes)
        servers[away].stop()
        for _ in range(2):
            with at_once(), pytest.raises(StoreUnavailable):
                waiting.get("session")
        with at_once(), pytest.raises(StoreUnavailable):
            waiting.wait_for_change(60)
        for store in stores:
            store.close()
