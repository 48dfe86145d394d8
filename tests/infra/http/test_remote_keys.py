"""An issuer's keys in a process: which request fetches them, when, and which requests wait."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from flask_watchword.errors import InvalidKeyError
from flask_watchword.infra.errors import KeysUnavailable, StoreUnavailable
from flask_watchword.infra.http.http_get import Document, FetchFailed
from flask_watchword.infra.http.remote_keys import (
    COOLDOWN,
    LONGEST_PAUSE,
    LONGEST_REASON,
    STALE_SECONDS,
    KeySet,
    RemoteKeys,
)
from flask_watchword.jose import Key
from flask_watchword.jose.jwk_set import NoUsableKeyError
from tests.infra.http.elapsed import Elapsed

FRESH = 600.0
ISSUER = "https://issuer.example"


class Issuer:
    """Return the prepared results once released; count the calls."""

    def __init__(self) -> None:
        self.answer: bytes | Exception = b"one"
        self.asked = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.was_asked = threading.Semaphore(0)

    def fetch(self) -> Document:
        self.asked += 1
        answer = self.answer
        self.was_asked.release()
        assert self.may_answer.wait(30)
        if isinstance(answer, Exception):
            raise answer
        return Document(answer, FRESH)

    def read(self, body: bytes) -> Sequence[Key]:
        if body == b"bad":
            raise InvalidKeyError("not a JWK Set")
        if body == b"none":
            raise NoUsableKeyError("it is empty")
        return [Key(body.decode(), lambda message, signature: False)]


class Held(RemoteKeys):
    """Keys that let a test wait for fetches, and record whether the last request fetched."""

    waited = False

    def _renew(self, *, wait: bool) -> None:
        self.waited = wait
        super()._renew(wait=wait)

    def fetched(self) -> None:
        """Return when no fetch is in progress."""
        landed = self._finished
        assert landed is None or landed.wait(30)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def keys(issuer: Issuer, elapsed: Elapsed) -> Held:
    return Held(ISSUER, issuer.fetch, issuer.read, elapsed=elapsed, patience=30)


def names(key_set: KeySet | None) -> list[str]:
    assert key_set is not None
    return [key.algorithm for key in key_set.keys]


def unavailable(keys: RemoteKeys) -> int:
    """Return the number of seconds after which to retry."""
    with pytest.raises(KeysUnavailable) as raised:
        keys.current()
    return raised.value.retry_after


def in_threads(count: int, call: Callable[[], object]) -> list[object]:
    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(call) for _ in range(count)]]


def test_nothing_is_fetched_before_the_first_call(keys: Held, issuer: Issuer) -> None:
    assert issuer.asked == 0
    assert names(keys.current()) == ["one"]
    assert issuer.asked == 1


def test_fresh_keys_are_used_without_a_fetch(keys: Held, issuer: Issuer, elapsed: Elapsed) -> None:
    first = keys.current()
    elapsed.now += FRESH - 1
    assert keys.current() is first
    assert issuer.asked == 1


def test_stale_keys_are_used_while_new_ones_are_fetched(
    keys: Held, issuer: Issuer, elapsed: Elapsed
) -> None:
    keys.current()
    elapsed.now += FRESH
    issuer.answer = b"two"
    issuer.may_answer.clear()
    for _ in range(50):
        assert names(keys.current()) == ["one"]
    assert issuer.was_asked.acquire(timeout=30)
    issuer.may_answer.set()
    keys.fetched()
    assert names(keys.current()) == ["two"]
    assert issuer.asked == 2


def test_keys_stale_for_a_day_are_not_used_without_a_fetch(
    keys: Held, issuer: Issuer, elapsed: Elapsed
) -> None:
    keys.current()
    issuer.answer = b"two"
    elapsed.now += FRESH + STALE_SECONDS
    assert names(keys.current()) == ["two"]
    assert keys.waited


def test_old_keys_stay_in_use_while_an_issuer_is_unreachable(
    keys: Held, issuer: Issuer, elapsed: Elapsed
) -> None:
    keys.current()
    issuer.answer = FetchFailed("gone")
    for _ in range(5):
        elapsed.now += 10 * STALE_SECONDS
        assert names(keys.current()) == ["one"]
        keys.fetched()


def test_unchanged_keys_are_the_same_object(keys: Held, issuer: Issuer, elapsed: Elapsed) -> None:
    first = keys.current()
    elapsed.now += FRESH
    keys.current()
    keys.fetched()
    assert issuer.asked == 2
    assert keys.current() is first


@pytest.mark.parametrize(
    "failure", [FetchFailed("answered with status 500"), b"bad", RuntimeError("a mistake of ours")]
)
def test_failed_fetch_leaves_the_keys_in_use(
    keys: Held, issuer: Issuer, elapsed: Elapsed, failure: bytes | Exception
) -> None:
    first = keys.current()
    issuer.answer = failure
    elapsed.now += FRESH
    assert keys.current() is first
    keys.fetched()
    assert keys.current() is first
    assert issuer.asked == 2


def test_issuer_that_withdraws_all_its_keys_has_none(
    keys: Held, issuer: Issuer, elapsed: Elapsed
) -> None:
    first = keys.current()
    issuer.answer = b"none"
    elapsed.now += COOLDOWN
    assert keys.replacement(first) is None
    assert unavailable(keys) == 1
    issuer.answer = FetchFailed("down")
    elapsed.now += 1
    assert unavailable(keys) == 2
    issuer.answer = b"two"
    elapsed.now += 2
    assert names(keys.current()) == ["two"]


def test_failing_issuer_is_fetched_once_per_cooldown(
    keys: Held, issuer: Issuer, elapsed: Elapsed
) -> None:
    keys.current()
    issuer.answer = FetchFailed("down")
    elapsed.now += FRESH
    for seconds in (0.0, COOLDOWN - 1, 1.0):
        elapsed.now += seconds
        keys.current()
        keys.fetched()
    assert issuer.asked == 3
    issuer.answer = b"two"
    elapsed.now += LONGEST_PAUSE
    keys.current()
    keys.fetched()
    assert names(keys.current()) == ["two"]


def test_failure_without_keys_says_when_to_retry(
    keys: Held, issuer: Issuer, elapsed: Elapsed
) -> None:
    issuer.answer = FetchFailed("down")
    waits = []
    for _ in range(8):
        waits.append(unavailable(keys))
        elapsed.now += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert issuer.asked == 8


def test_unreachable_issuer_is_not_fetched_for_each_request(
    keys: Held, issuer: Issuer, elapsed: Elapsed
) -> None:
    issuer.answer = FetchFailed("down")
    for _ in range(50):
        assert unavailable(keys) == 1
    assert issuer.asked == 1


def test_recovered_issuer_is_used_by_the_next_request_that_fetches(
    keys: Held, issuer: Issuer, elapsed: Elapsed
) -> None:
    issuer.answer = FetchFailed("down")
    for _ in range(3):
        elapsed.now += unavailable(keys)
    issuer.answer = b"one"
    assert names(keys.current()) == ["one"]
    issuer.answer = FetchFailed("down")
    elapsed.now += FRESH
    keys.current()
    keys.fetched()
    assert names(keys.current()) == ["one"]


def test_unavailable_keys_are_a_store_outage() -> None:
    assert issubclass(KeysUnavailable, StoreUnavailable)


def test_fifty_concurrent_requests_cause_one_fetch(
    keys: Held, issuer: Issuer, elapsed: Elapsed
) -> None:
    issuer.may_answer.clear()

    def let_go() -> None:
        elapsed.wait_until_asked(50)
        issuer.may_answer.set()

    threading.Thread(target=let_go).start()
    assert {names(found)[0] for found in in_threads(50, keys.current)} == {"one"}  # type: ignore[arg-type]
    assert issuer.asked == 1


def test_fifty_concurrent_unknown_kids_cause_one_fetch(
    keys: Held, issuer: Issuer, elapsed: Elapsed
) -> None:
    first = keys.current()
    elapsed.now += COOLDOWN
    issuer.answer = b"two"
    found = in_threads(50, lambda: keys.replacement(first))
    assert {names(each)[0] for each in found} == {"two"}  # type: ignore[arg-type]
    assert issuer.asked == 2


def test_unknown_kid_causes_at_most_one_fetch_per_cooldown(
    keys: Held, issuer: Issuer, elapsed: Elapsed
) -> None:
    first = keys.current()
    asked = []
    for seconds in (0, COOLDOWN - 1, 1, 0, COOLDOWN - 1, 1):
        elapsed.now += seconds
        assert keys.replacement(first) is None
        asked.append(issuer.asked)
    assert asked == [1, 1, 2, 2, 2, 3]


def test_unknown_kid_finds_added_keys(keys: Held, issuer: Issuer, elapsed: Elapsed) -> None:
    first = keys.current()
    issuer.answer = b"two"
    elapsed.now += COOLDOWN
    second = keys.replacement(first)
    assert names(second) == ["two"]
    assert keys.replacement(first) is second
    assert issuer.asked == 2


def test_failed_fetch_for_an_unknown_kid_keeps_the_keys_and_the_cooldown(
    keys: Held, issuer: Issuer, elapsed: Elapsed
) -> None:
    first = keys.current()
    issuer.answer = FetchFailed("down")
    elapsed.now += COOLDOWN
    assert keys.replacement(first) is None
    elapsed.now += COOLDOWN - 1
    assert keys.replacement(first) is None
    assert keys.current() is first
    assert issuer.asked == 2


def test_requests_with_known_keys_do_not_wait_for_an_unknown_kid(
    keys: Held, issuer: Issuer, elapsed: Elapsed
) -> None:
    first = keys.current()
    elapsed.now += COOLDOWN
    issuer.may_answer.clear()
    stranger = threading.Thread(target=keys.replacement, args=(first,))
    stranger.start()
    assert issuer.was_asked.acquire(timeout=30)
    assert issuer.was_asked.acquire(timeout=30)
    assert keys.current() is first
    issuer.may_answer.set()
    stranger.join()


def test_one_request_at_a_time_probes_a_failing_issuer(
    keys: Held, issuer: Issuer, elapsed: Elapsed
) -> None:
    issuer.answer = FetchFailed("down")
    elapsed.now += unavailable(keys)
    issuer.may_answer.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(unavailable, keys)
        assert issuer.was_asked.acquire(timeout=30)
        assert issuer.was_asked.acquire(timeout=30)
        for _ in range(50):
            assert unavailable(keys) == 1
        assert not first.done()
        issuer.may_answer.set()
        assert first.result() == 2
    assert issuer.asked == 2


def test_hanging_fetch_blocks_requests_for_a_limited_time(issuer: Issuer, elapsed: Elapsed) -> None:
    keys = Held(ISSUER, issuer.fetch, issuer.read, elapsed=elapsed, patience=0.01)
    issuer.may_answer.clear()
    assert unavailable(keys) == 1
    assert unavailable(keys) == 1
    assert issuer.asked == 1
    issuer.may_answer.set()
    keys.fetched()
    assert names(keys.current()) == ["one"]


def test_request_late_in_a_hanging_fetch_does_not_wait(
    keys: Held, issuer: Issuer, elapsed: Elapsed
) -> None:
    issuer.may_answer.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(keys.current)
        elapsed.wait_until_asked(4)  # the last response says how long to wait
        elapsed.now += 30
        assert unavailable(keys) == 1
        assert not first.done()
        issuer.may_answer.set()
        assert names(first.result()) == ["one"]


def test_keys_are_unavailable_when_no_thread_can_be_started(
    keys: Held, issuer: Issuer, elapsed: Elapsed, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoThread(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading, "Thread", NoThread)
    elapsed.now += unavailable(keys)
    monkeypatch.undo()
    assert names(keys.current()) == ["one"]


def test_each_failure_is_logged_with_the_issuer_and_the_reason(
    keys: Held, issuer: Issuer, elapsed: Elapsed, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.answer = FetchFailed("the JWK Set: answered with status 500")
    elapsed.now += unavailable(keys)
    issuer.answer = b"one"
    keys.current()
    issuer.answer = b"bad"
    elapsed.now += FRESH
    keys.current()
    keys.fetched()
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (
            logging.WARNING,
            f"The keys of {ISSUER} could not be fetched, none are known: "
            "the JWK Set: answered with status 500",
        ),
        (
            logging.WARNING,
            f"The keys of {ISSUER} could not be fetched, the known ones stay in use: not a JWK Set",
        ),
    ]


@pytest.mark.parametrize("sent", ["a\r\nWARNING all is well", "\x1b[2J", "\u202e", "x" * 70_000])
def test_text_from_a_server_is_logged_as_one_short_line(
    keys: Held, issuer: Issuer, caplog: pytest.LogCaptureFixture, sent: str
) -> None:
    issuer.answer = FetchFailed(sent)
    unavailable(keys)
    (message,) = caplog.messages
    assert message.isprintable()
    assert len(message) < LONGEST_REASON + 200


def test_failing_issuer_does_not_affect_another(elapsed: Elapsed) -> None:
    broken, sound = Issuer(), Issuer()
    broken.may_answer.clear()
    hanging = Held(ISSUER, broken.fetch, broken.read, elapsed=elapsed, patience=30)
    working = Held(ISSUER, sound.fetch, sound.read, elapsed=elapsed, patience=30)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(hanging.current)
        assert broken.was_asked.acquire(timeout=30)
        assert names(working.current()) == ["one"]
        assert not waiting.done()
        broken.may_answer.set()
