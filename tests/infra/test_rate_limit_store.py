"""The contract of a throttle store; every implementation goes through all of it."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from flask_watchword.accounts.rate_limits import Hit, RateLimitStore
from tests.infra import rate_limit_places
from tests.infra.rate_limit_places import THROTTLE_PLACES, OpenThrottle

memory_throttle = rate_limit_places.memory_throttle
sqlite_throttle = rate_limit_places.sqlite_throttle
postgres_throttle = rate_limit_places.postgres_throttle
valkey_throttle = rate_limit_places.valkey_throttle
valkey_cluster_throttle = rate_limit_places.valkey_cluster_throttle

SECOND = 1_000_000
# Odd, so that an inexact store loses a part of it each time.
NOW = 1_700_000_000_123_457
TEN = Hit("ten", 60 * SECOND + 7, 10 * (60 * SECOND + 7))
ONE = Hit("one", 900 * SECOND, 900 * SECOND)

PROCESSES = 4


@pytest.fixture(params=THROTTLE_PLACES)
def open_throttle(request: pytest.FixtureRequest) -> OpenThrottle:
    place: OpenThrottle = request.getfixturevalue(request.param)
    return place


@pytest.fixture
def throttle(open_throttle: OpenThrottle) -> Iterator[RateLimitStore]:
    store = open_throttle()
    yield store
    rate_limit_places.close(store)


def test_as_many_tries_pass_at_once_as_the_burst_allows(throttle: RateLimitStore) -> None:
    assert [throttle.consume([TEN], NOW) for _ in range(12)] == [0] * 10 + [TEN.interval] * 2


def test_one_more_passes_after_the_interval_and_not_a_microsecond_earlier(
    throttle: RateLimitStore,
) -> None:
    for _ in range(10):
        throttle.consume([TEN], NOW)
    assert throttle.consume([TEN], NOW + TEN.interval - 1) == 1
    assert throttle.consume([TEN], NOW + TEN.interval) == 0
    assert throttle.consume([TEN], NOW + TEN.interval) == TEN.interval


def test_a_bucket_that_was_left_alone_holds_one_burst_and_no_more(throttle: RateLimitStore) -> None:
    throttle.consume([TEN], NOW)
    later = NOW + 1000 * TEN.interval
    assert [throttle.consume([TEN], later) for _ in range(11)].count(0) == 10


def test_a_try_counts_on_all_limits_or_on_none(throttle: RateLimitStore) -> None:
    assert throttle.consume([TEN, ONE], NOW) == 0
    for _ in range(20):
        assert throttle.consume([TEN, ONE], NOW) == ONE.interval
    assert [throttle.consume([TEN], NOW) for _ in range(10)].count(0) == 9


def test_the_longest_of_several_waits_is_told(throttle: RateLimitStore) -> None:
    throttle.consume([ONE], NOW)
    for _ in range(10):
        throttle.consume([TEN], NOW)
    assert throttle.consume([TEN, ONE], NOW) == ONE.interval
    assert throttle.consume([ONE, TEN], NOW) == ONE.interval


def test_a_try_that_is_given_back_can_be_taken_again(throttle: RateLimitStore) -> None:
    for _ in range(10):
        throttle.consume([TEN], NOW)
    throttle.refund([TEN, ONE])
    assert [throttle.consume([TEN], NOW) for _ in range(2)] == [0, TEN.interval]
    assert throttle.consume([ONE], NOW) == 0


def test_no_tries_can_be_given_back(throttle: RateLimitStore) -> None:
    throttle.refund([])
    assert throttle.consume([ONE], NOW) == 0


def test_a_key_is_remembered_until_its_moment_and_for_the_longest_of_several(
    throttle: RateLimitStore,
) -> None:
    until = NOW + 60 * SECOND
    assert not throttle.remembers("place", NOW)
    for moment in (until, until - 1):
        throttle.remember("place", moment, NOW, reset="never heard of")
    assert throttle.remembers("place", until - 1)
    assert not throttle.remembers("place", until)
    throttle.remember("place", until + 5, NOW, reset="never heard of")
    assert throttle.remembers("place", until)


def test_with_what_is_remembered_something_is_forgotten_and_something_paid_back(
    throttle: RateLimitStore,
) -> None:
    two = Hit("two", 900 * SECOND, 1800 * SECOND)
    throttle.consume([ONE, two], NOW)
    for _ in range(9):
        throttle.consume([TEN], NOW)
    throttle.consume([TEN, two], NOW)
    throttle.remember("place", NOW + SECOND, NOW, reset="two", refunded=[TEN, two])
    assert throttle.remembers("place", NOW)
    assert [throttle.consume([TEN], NOW) for _ in range(2)] == [0, TEN.interval]
    assert [throttle.consume([two], NOW) for _ in range(3)] == [0, 0, two.interval]
    assert throttle.consume([ONE], NOW) == ONE.interval


def test_what_is_remembered_need_not_forget_anything(throttle: RateLimitStore) -> None:
    two = Hit("two", 900 * SECOND, 1800 * SECOND)
    throttle.consume([ONE, two], NOW)
    throttle.consume([two], NOW)
    throttle.remember("place", NOW + SECOND, NOW, refunded=[two])
    assert throttle.remembers("place", NOW)
    assert [throttle.consume([two], NOW) for _ in range(2)] == [0, two.interval]
    assert throttle.consume([ONE], NOW) == ONE.interval


def test_purging_leaves_what_still_counts(throttle: RateLimitStore) -> None:
    for n in range(5):
        throttle.consume([Hit(f"past {n}", SECOND, SECOND)], NOW)
    throttle.consume([ONE], NOW)
    later = NOW + SECOND
    while throttle.purge(later, 2):
        pass
    assert throttle.consume([ONE], later) > 0
    assert throttle.purge(later, 2) == 0


def _times_allowed(open_throttle: OpenThrottle, tries: int) -> int:
    store = open_throttle()
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: store.consume([TEN], NOW), range(tries)))
    rate_limit_places.close(store)
    return waits.count(0)


def test_of_two_hundred_racing_threads_exactly_ten_pass(open_throttle: OpenThrottle) -> None:
    assert _times_allowed(open_throttle, 200) == 10


@pytest.mark.server
@pytest.mark.parametrize("place", [p for p in THROTTLE_PLACES if p != "memory_throttle"])
def test_of_two_hundred_tries_racing_in_processes_exactly_ten_pass(
    place: str, request: pytest.FixtureRequest
) -> None:
    open_throttle = request.getfixturevalue(place)
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        counts = pool.starmap(_times_allowed, [(open_throttle, 200 // PROCESSES)] * PROCESSES)
    assert sum(counts) == 10


def test_racing_tries_on_several_limits_in_any_order_neither_deadlock_nor_overshoot(
    throttle: RateLimitStore,
) -> None:
    limits = [Hit(name, SECOND, 10 * SECOND) for name in "abc"]
    orders = [limits, limits[::-1], limits[1:] + limits[:1]]
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda n: throttle.consume(orders[n % 3], NOW), range(100)))
    assert waits.count(0) == 10


def test_who_takes_tries_and_who_is_welcomed_on_the_same_limits_do_not_deadlock(
    throttle: RateLimitStore,
) -> None:
    # Whichever order the keys of a limit, of a place and of what is forgotten have.
    wide = [Hit(name, SECOND, 1_000 * SECOND) for name in "ab"]

    def sign_in(number: int) -> int:
        forgotten = "ab"[number % 2]
        wait = throttle.consume(wide, NOW)
        throttle.remember("place", NOW + SECOND, NOW, reset=forgotten, refunded=wide)
        return wait

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(sign_in, range(200))) == {0}
