import threading
from contextlib import ExitStack

import pytest

from flask_watchword.accounts.hash_shares import HashShares
from flask_watchword.accounts.rate_limits import TooManyAttempts

HOME = "192.0.2.1"
CAPACITY = 16


@pytest.fixture
def shares() -> HashShares:
    return HashShares(lambda: CAPACITY)


def taken(shares: HashShares, held: ExitStack, address: str, account: str | None) -> bool:
    """Take a slot until the end of the test; return whether one was available."""
    try:
        held.enter_context(shares.slot(address, account))
    except TooManyAttempts:
        return False
    return True


def test_one_account_has_a_quarter_of_the_slots_per_address(shares: HashShares) -> None:
    with ExitStack() as held:
        mallory = [taken(shares, held, HOME, "mallory") for _ in range(40)]
        assert mallory.count(True) == CAPACITY // 4
        assert taken(shares, held, HOME, "ada")


def test_requests_from_elsewhere_take_no_slot_of_the_owner(shares: HashShares) -> None:
    with ExitStack() as held:
        for n in range(40):
            taken(shares, held, f"198.51.100.{n}", "ada")
        assert taken(shares, held, HOME, "ada")


def test_client_without_a_slot_is_asked_to_retry_in_a_second(shares: HashShares) -> None:
    with ExitStack() as held:
        while taken(shares, held, HOME, None):
            pass
        with pytest.raises(TooManyAttempts) as refused, shares.slot(HOME, None):
            pass
        assert refused.value.retry_after == 1


def test_one_address_has_half_of_the_slots_for_all_accounts(shares: HashShares) -> None:
    with ExitStack() as held:
        here = [taken(shares, held, HOME, f"user {n}") for n in range(40)]
        assert here.count(True) == CAPACITY // 2
        assert not taken(shares, held, HOME, None)
        assert taken(shares, held, "192.0.2.2", "ada")


def test_one_ipv6_network_has_no_more_than_one_address(shares: HashShares) -> None:
    with ExitStack() as held:
        here = [taken(shares, held, f"2001:db8:7:{n:x}::1", None) for n in range(40)]
        assert here.count(True) == CAPACITY // 2
        assert taken(shares, held, "2001:db8:8::1", None)


def test_slot_is_released_however_the_request_ends(shares: HashShares) -> None:
    for _ in range(100):
        with pytest.raises(KeyError), shares.slot(HOME, "ada"):
            raise KeyError
    with ExitStack() as held:
        assert [taken(shares, held, HOME, "ada") for _ in range(5)] == [*[True] * 4, False]
    assert not shares._used


def test_with_few_slots_a_user_can_still_log_in_twice_concurrently() -> None:
    shares = HashShares(lambda: 1)
    with ExitStack() as held:
        assert [taken(shares, held, HOME, "ada") for _ in range(3)] == [True, True, False]


def test_racing_threads_take_no_more_than_their_share(shares: HashShares) -> None:
    at_most, now, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal at_most, now
        for _ in range(200):
            try:
                with shares.slot(HOME, "ada"):
                    with lock:
                        now += 1
                        at_most = max(at_most, now)
                    with lock:
                        now -= 1
            except TooManyAttempts:
                continue

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= at_most <= CAPACITY // 4
    assert not shares._used
