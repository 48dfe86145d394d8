"""The contract of a rate limit store, tested with every implementation."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from flask_watchword.accounts.rate_limits import Hit, RateLimitStore
from tests.infra import rate_limit_stores
from tests.infra.rate_limit_stores import RATE_LIMIT_STORES, OpenRateLimits

memory_rate_limits = rate_limit_stores.memory_rate_limits
sqlite_rate_limits = rate_limit_stores.sqlite_rate_limits
postgres_rate_limits = rate_limit_stores.postgres_rate_limits
valkey_rate_limits = rate_limit_stores.valkey_rate_limits
valkey_cluster_rate_limits = rate_limit_stores.valkey_cluster_rate_limits

SECOND = 1_000_000
# Odd, so that an inexact store loses a part of it each time.
NOW = 1_700_000_000_123_457
TEN = Hit("ten", 60 * SECOND + 7, 10 * (60 * SECOND + 7))
ONE = Hit("one", 900 * SECOND, 900 * SECOND)

PROCESSES = 4


@pytest.fixture(params=RATE_LIMIT_STORES)
def open_rate_limits(request: pytest.FixtureRequest) -> OpenRateLimits:
    open_store: OpenRateLimits = request.getfixturevalue(request.param)
    return open_store


@pytest.fixture
def rate_limits(open_rate_limits: OpenRateLimits) -> Iterator[RateLimitStore]:
    store = open_rate_limits()
    yield store
    rate_limit_stores.close(store)


def test_burst_of_attempts_passes_immediately(rate_limits: RateLimitStore) -> None:
    assert [rate_limits.consume([TEN], NOW) for _ in range(12)] == [0] * 10 + [TEN.interval] * 2


def test_one_more_passes_after_the_interval_and_not_a_microsecond_earlier(
    rate_limits: RateLimitStore,
) -> None:
    for _ in range(10):
        rate_limits.consume([TEN], NOW)
    assert rate_limits.consume([TEN], NOW + TEN.interval - 1) == 1
    assert rate_limits.consume([TEN], NOW + TEN.interval) == 0
    assert rate_limits.consume([TEN], NOW + TEN.interval) == TEN.interval


def test_unused_limit_allows_one_burst_and_no_more(rate_limits: RateLimitStore) -> None:
    rate_limits.consume([TEN], NOW)
    later = NOW + 1000 * TEN.interval
    assert [rate_limits.consume([TEN], later) for _ in range(11)].count(0) == 10


def test_attempt_counts_against_all_limits_or_none(rate_limits: RateLimitStore) -> None:
    assert rate_limits.consume([TEN, ONE], NOW) == 0
    for _ in range(20):
        assert rate_limits.consume([TEN, ONE], NOW) == ONE.interval
    assert [rate_limits.consume([TEN], NOW) for _ in range(10)].count(0) == 9


def test_longest_of_several_waits_is_returned(rate_limits: RateLimitStore) -> None:
    rate_limits.consume([ONE], NOW)
    for _ in range(10):
        rate_limits.consume([TEN], NOW)
    assert rate_limits.consume([TEN, ONE], NOW) == ONE.interval
    assert rate_limits.consume([ONE, TEN], NOW) == ONE.interval


def test_refunded_attempt_can_be_used_again(rate_limits: RateLimitStore) -> None:
    for _ in range(10):
        rate_limits.consume([TEN], NOW)
    rate_limits.refund([TEN, ONE])
    assert [rate_limits.consume([TEN], NOW) for _ in range(2)] == [0, TEN.interval]
    assert rate_limits.consume([ONE], NOW) == 0


def test_refund_without_limits_does_nothing(rate_limits: RateLimitStore) -> None:
    rate_limits.refund([])
    assert rate_limits.consume([ONE], NOW) == 0


def test_key_is_remembered_until_its_expiry_and_for_the_longest_of_several(
    rate_limits: RateLimitStore,
) -> None:
    until = NOW + 60 * SECOND
    assert not rate_limits.remembers("place", NOW)
    for moment in (until, until - 1):
        rate_limits.remember("place", moment, NOW, reset="never heard of")
    assert rate_limits.remembers("place", until - 1)
    assert not rate_limits.remembers("place", until)
    rate_limits.remember("place", until + 5, NOW, reset="never heard of")
    assert rate_limits.remembers("place", until)


def test_remembering_a_key_resets_one_limit_and_refunds_another(
    rate_limits: RateLimitStore,
) -> None:
    two = Hit("two", 900 * SECOND, 1800 * SECOND)
    rate_limits.consume([ONE, two], NOW)
    for _ in range(9):
        rate_limits.consume([TEN], NOW)
    rate_limits.consume([TEN, two], NOW)
    rate_limits.remember("place", NOW + SECOND, NOW, reset="two", refunded=[TEN, two])
    assert rate_limits.remembers("place", NOW)
    assert [rate_limits.consume([TEN], NOW) for _ in range(2)] == [0, TEN.interval]
    assert [rate_limits.consume([two], NOW) for _ in range(3)] == [0, 0, two.interval]
    assert rate_limits.consume([ONE], NOW) == ONE.interval


def test_key_may_be_remembered_without_resetting_a_limit(rate_limits: RateLimitStore) -> None:
    two = Hit("two", 900 * SECOND, 1800 * SECOND)
    rate_limits.consume([ONE, two], NOW)
    rate_limits.consume([two], NOW)
    rate_limits.remember("place", NOW + SECOND, NOW, refunded=[two])
    assert rate_limits.remembers("place", NOW)
    assert [rate_limits.consume([two], NOW) for _ in range(2)] == [0, two.interval]
    assert rate_limits.consume([ONE], NOW) == ONE.interval


def test_an_attempt_from_a_trusted_address_counts_on_fewer_limits(
    rate_limits: RateLimitStore,
) -> None:
    shared = Hit("shared", 900 * SECOND, 1800 * SECOND)
    rate_limits.remember("trusted", NOW + SECOND, NOW)

    def attempt(key: str, now: int = NOW) -> tuple[int, bool]:
        return rate_limits.consume_by_trust(key, [TEN], [shared], now)

    assert [attempt("trusted") for _ in range(3)] == [(0, True)] * 3
    assert [attempt("other") for _ in range(2)] == [(0, False)] * 2
    assert attempt("other") == (shared.interval, False)
    assert [attempt("trusted") for _ in range(5)] == [(0, True)] * 5
    assert attempt("trusted") == (TEN.interval, True)
    # Its time has passed, so the shared limit counts again, and nothing else does.
    assert attempt("trusted", NOW + SECOND) == (shared.interval - SECOND, False)
    assert rate_limits.consume([shared], NOW) == shared.interval


def test_purging_keeps_what_still_counts(rate_limits: RateLimitStore) -> None:
    for n in range(5):
        rate_limits.consume([Hit(f"past {n}", SECOND, SECOND)], NOW)
    rate_limits.consume([ONE], NOW)
    later = NOW + SECOND
    while rate_limits.purge(later, 2):
        pass
    assert rate_limits.consume([ONE], later) > 0
    assert rate_limits.purge(later, 2) == 0


def _times_allowed(open_rate_limits: OpenRateLimits, tries: int) -> int:
    store = open_rate_limits()
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: store.consume([TEN], NOW), range(tries)))
    rate_limit_stores.close(store)
    return waits.count(0)


def test_exactly_ten_of_two_hundred_racing_threads_pass(open_rate_limits: OpenRateLimits) -> None:
    assert _times_allowed(open_rate_limits, 200) == 10


@pytest.mark.server
@pytest.mark.parametrize("place", [p for p in RATE_LIMIT_STORES if p != "memory_rate_limits"])
def test_exactly_ten_of_two_hundred_concurrent_attempts_in_processes_pass(
    place: str, request: pytest.FixtureRequest
) -> None:
    open_rate_limits = request.getfixturevalue(place)
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        counts = pool.starmap(_times_allowed, [(open_rate_limits, 200 // PROCESSES)] * PROCESSES)
    assert sum(counts) == 10


def test_concurrent_attempts_against_limits_in_any_order_neither_deadlock_nor_exceed_them(
    rate_limits: RateLimitStore,
) -> None:
    hits = [Hit(name, SECOND, 10 * SECOND) for name in "abc"]
    orders = [hits, hits[::-1], hits[1:] + hits[:1]]
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda n: rate_limits.consume(orders[n % 3], NOW), range(100)))
    assert waits.count(0) == 10


def test_attempts_and_remembered_logins_with_the_same_limits_do_not_deadlock(
    rate_limits: RateLimitStore,
) -> None:
    # For any order of the keys of the limits and of the remembered location.
    wide = [Hit(name, SECOND, 1_000 * SECOND) for name in "ab"]

    def log_in(number: int) -> int:
        reset = "ab"[number % 2]
        wait = rate_limits.consume(wide, NOW)
        rate_limits.remember("place", NOW + SECOND, NOW, reset=reset, refunded=wide)
        return wait

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(log_in, range(200))) == {0}
