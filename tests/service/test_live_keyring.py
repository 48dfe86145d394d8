import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.jose.jws import sign_compact, verify_compact
from flask_watchword.keys.encryption import Encryptor
from flask_watchword.keys.manager import KeyManager
from flask_watchword.keys.policy import KeyPolicy
from flask_watchword.keys.store import StoredKeyring
from flask_watchword.service.signing.live_keyring import LiveKeyring
from tests.keys.conftest import DAY, HOUR, POLICY, HandClock
from tests.memory_stores.keys import MemoryKeyStore


class WatchedStore(MemoryKeyStore):
    """A store that counts its calls and can be down."""

    def __init__(self) -> None:
        super().__init__()
        self.is_down = False
        self.versions = 0
        self.loads = 0

    def version(self) -> int:
        self.versions += 1
        self._answer()
        return super().version()

    def load(self) -> StoredKeyring:
        self.loads += 1
        self._answer()
        return super().load()

    def _answer(self) -> None:
        if self.is_down:
            raise StoreUnavailable("down")


class Worker:
    """One worker process over a store, with its clock, and the changes that it reports."""

    def __init__(self, store: WatchedStore, clock: HandClock, policy: KeyPolicy = POLICY) -> None:
        self.store, self.clock = store, clock
        self.uptime = 0.0
        self.manager = KeyManager(store, Encryptor([b"m" * 32]), policy, clock)
        self.keys = LiveKeyring(store, self.manager, policy, clock, lambda: self.uptime)
        self.changes = 0
        self.keys.on_change = self._count

    def wait(self, seconds: float) -> None:
        self.uptime += seconds
        self.clock.now += seconds

    def signs_with(self) -> str | None:
        return self.keys.signing_key().kid

    def knows(self) -> set[str | None]:
        return {key.kid for key in self.keys.verifying_keys()}

    def _count(self) -> None:
        self.changes += 1


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store() -> WatchedStore:
    return WatchedStore()


@pytest.fixture
def worker(store: WatchedStore, clock: HandClock) -> Worker:
    """A worker that has signed once."""
    worker = Worker(store, clock)
    worker.signs_with()
    return worker


def test_store_is_not_read_before_a_key_is_needed(store: WatchedStore, clock: HandClock) -> None:
    Worker(store, clock)
    assert (store.versions, store.loads) == (0, 0)


def test_first_use_creates_the_first_key(worker: Worker, store: WatchedStore) -> None:
    assert len(store.load().keys) == 1
    assert worker.knows() == {worker.signs_with()}


def test_workers_that_start_at_once_share_one_key(store: WatchedStore, clock: HandClock) -> None:
    with ThreadPoolExecutor(8) as pool:
        kids = set(pool.map(lambda _: Worker(store, clock).signs_with(), range(16)))
    assert len(kids) == 1


def test_many_tokens_in_a_second_read_the_store_once(worker: Worker, store: WatchedStore) -> None:
    worker.wait(1.0)
    before = store.versions, store.loads
    for _ in range(100):
        worker.signs_with()
    assert (store.versions, store.loads) == (before[0] + 1, before[1])


def test_rotation_by_another_worker_is_seen_within_a_second_and_signs_after_the_lead_time(
    worker: Worker, store: WatchedStore, clock: HandClock
) -> None:
    first, second = worker.signs_with(), worker.manager.rotate()
    worker.wait(1.0)
    assert worker.signs_with() == first
    assert worker.knows() == {first, second}
    assert {key.kid for key in worker.keys.published()} == {first, second}
    worker.wait(HOUR)
    assert worker.signs_with() == second
    assert worker.knows() == {first, second}


def test_idle_worker_reads_a_new_key_before_it_signs(
    worker: Worker, store: WatchedStore, clock: HandClock
) -> None:
    second = worker.manager.rotate()
    worker.wait(30 * DAY)
    assert worker.signs_with() == second


def test_change_is_reported_once(worker: Worker) -> None:
    before = worker.changes
    worker.manager.rotate()
    for _ in range(5):
        worker.wait(1.0)
        worker.signs_with()
    assert worker.changes == before + 1


def test_unknown_key_is_read_from_the_store(worker: Worker) -> None:
    second = worker.manager.rotate(at_once=True)
    worker.wait(1.0)
    assert worker.keys.refresh(second)
    assert second in worker.knows()


def test_immediately_active_key_of_another_worker_is_found_right_after_a_read(
    worker: Worker,
) -> None:
    worker.keys.refresh("invented")
    second = worker.manager.rotate(at_once=True)
    worker.wait(0.02)
    assert worker.keys.refresh(second)


def test_unknown_key_ids_read_the_store_at_most_fifty_times_a_second(
    worker: Worker, store: WatchedStore
) -> None:
    worker.wait(1.0)
    before = store.versions + store.loads
    assert not any(worker.keys.refresh(f"invented {n}") for n in range(1_000))
    assert store.versions + store.loads == before + 1
    for n in range(1_000):
        worker.wait(0.001)
        assert not worker.keys.refresh(f"invented {n}")
    assert store.versions + store.loads <= before + 1 + 50


def test_unknown_key_ids_do_not_read_a_store_that_is_down_more_often(
    worker: Worker, store: WatchedStore
) -> None:
    store.is_down = True
    worker.wait(1.0)
    before = store.versions
    for _ in range(10):
        with pytest.raises(StoreUnavailable):
            worker.keys.refresh("invented")
        worker.wait(0.05)
    assert store.versions == before + 1


def test_flood_of_unknown_key_ids_does_not_hide_a_published_key(
    store: WatchedStore, clock: HandClock
) -> None:
    # One second between publication and signing is the shortest lead time that can be set.
    worker = Worker(store, clock, replace(POLICY, lead=1.0))
    worker.signs_with()
    second = worker.manager.rotate()
    for _ in range(10):
        worker.wait(0.1)
        worker.keys.refresh("invented")
    assert second in worker.knows()


def test_key_just_read_by_another_request_counts_as_found(worker: Worker) -> None:
    second = worker.manager.rotate()
    worker.wait(1.0)
    worker.signs_with()
    assert worker.keys.refresh(second)


def test_known_keys_sign_and_verify_while_the_store_is_down(
    worker: Worker, store: WatchedStore
) -> None:
    first = worker.signs_with()
    store.is_down = True
    worker.wait(DAY)
    assert worker.signs_with() == first
    assert worker.knows() == {first}
    assert [key.kid for key in worker.keys.published()] == [first]


def test_unknown_key_is_neither_accepted_nor_rejected_while_the_store_is_down(
    worker: Worker, store: WatchedStore
) -> None:
    store.is_down = True
    worker.wait(1.0)
    for _ in range(3):  # also in the second after a failed read
        with pytest.raises(StoreUnavailable):
            worker.keys.refresh("perhaps new")
    store.is_down = False
    worker.wait(1.0)
    assert not worker.keys.refresh("perhaps new")


def test_store_that_is_down_is_not_read_for_each_token(worker: Worker, store: WatchedStore) -> None:
    store.is_down = True
    worker.wait(1.0)
    before = store.versions
    for _ in range(100):
        worker.signs_with()
    assert store.versions == before + 1


def test_worker_that_never_read_the_keys_reports_the_failure(
    store: WatchedStore, clock: HandClock
) -> None:
    worker = Worker(store, clock)
    store.is_down = True
    for reading in (
        worker.keys.signing_key,
        worker.keys.verifying_keys,
        worker.keys.published,
        lambda: worker.keys.refresh("any"),
    ):
        with pytest.raises(StoreUnavailable):
            reading()
    store.is_down = False
    worker.wait(1.0)
    assert worker.signs_with() is not None


def test_keys_under_another_master_key_leave_the_loaded_ones_in_use(
    worker: Worker, store: WatchedStore, clock: HandClock
) -> None:
    first = worker.signs_with() or ""
    stranger = KeyManager(store, Encryptor([b"x" * 32]), POLICY, clock)
    stranger.revoke(first, without_decryption=True)
    worker.wait(1.0)
    assert worker.signs_with() == first
    with pytest.raises(StoreUnavailable):
        worker.keys.refresh("the new one")


def test_signing_worker_rotates_on_schedule(
    worker: Worker, store: WatchedStore, clock: HandClock
) -> None:
    first = worker.signs_with()
    worker.wait(POLICY.rotation - HOUR)
    assert worker.signs_with() == first
    assert len(worker.knows()) == 2
    worker.wait(HOUR)
    assert worker.signs_with() != first


def test_only_one_of_many_workers_rotates(store: WatchedStore, clock: HandClock) -> None:
    workers = [Worker(store, clock) for _ in range(8)]
    for worker in workers:
        worker.signs_with()
    clock.now += POLICY.rotation
    for worker in workers:
        worker.uptime += POLICY.rotation
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(Worker.signs_with, workers))
    assert len(store.load().keys) == 2


def test_worker_that_finds_no_active_key_creates_one(
    worker: Worker, store: WatchedStore, clock: HandClock
) -> None:
    old, stored = worker.signs_with(), store.load()
    ended = tuple(replace(key, verify_until=clock.now) for key in stored.keys)
    assert store.swap(replace(stored, keys=ended))
    for _ in range(2):
        worker.wait(1.0)
        assert worker.signs_with() not in (None, old)
    assert len(store.load().keys) == 2


def test_first_key_created_by_a_machine_ahead_signs_despite_a_slow_clock(
    worker: Worker, store: WatchedStore, clock: HandClock
) -> None:
    first = worker.signs_with()
    clock.now -= 30.0
    assert Worker(store, clock).signs_with() == first


def test_token_of_one_worker_verifies_in_every_worker(
    worker: Worker, store: WatchedStore, clock: HandClock
) -> None:
    token = sign_compact(b"{}", worker.keys.signing_key())
    assert verify_compact(token, Worker(store, clock).keys.verifying_keys())[1] == b"{}"


def test_other_threads_continue_while_one_reads_the_store(
    worker: Worker, store: WatchedStore
) -> None:
    reading, go_on = threading.Event(), threading.Event()

    def slow_answer() -> None:
        reading.set()
        assert go_on.wait(30)

    store._answer = slow_answer  # type: ignore[method-assign]
    worker.wait(1.0)
    with ThreadPoolExecutor(2) as pool:
        looking = pool.submit(worker.signs_with)
        assert reading.wait(30)
        assert pool.submit(worker.signs_with).result(30) is not None
        go_on.set()
        assert looking.result(30) is not None


def test_no_thread_uses_an_outdated_key_after_a_long_idle_time(
    worker: Worker, store: WatchedStore
) -> None:
    worker.wait(1.0)
    new = worker.manager.rotate()
    worker.wait(2 * HOUR)
    reading, go_on = threading.Event(), threading.Event()

    def slow_answer() -> None:
        reading.set()
        assert go_on.wait(30)

    store._answer = slow_answer  # type: ignore[method-assign]
    with ThreadPoolExecutor(2) as pool:
        looking = pool.submit(worker.signs_with)
        assert reading.wait(30)
        other = pool.submit(worker.signs_with)
        with pytest.raises(TimeoutError):
            other.result(0.2)
        go_on.set()
        assert looking.result(30) == other.result(30) == new


def test_fork_during_a_read_leaves_the_child_usable(worker: Worker, store: WatchedStore) -> None:
    with worker.keys._lock():
        child = os.fork()
        if child == 0:
            signal.alarm(30)  # otherwise it would block forever
            worker.wait(1.0)
            os._exit(0 if not worker.keys.refresh("invented") else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
