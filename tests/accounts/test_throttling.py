"""Which clients are rate limited. The counting itself is tested by the store contract."""

import contextlib
from collections.abc import Callable, Mapping, Sequence

import pytest

from flask_watchword.accounts import shared_limits
from flask_watchword.accounts.rate_limit_declarations import Limits, RateLimit
from flask_watchword.accounts.rate_limits import (
    NETWORK_SHARE,
    Attempt,
    Hit,
    RateLimitStore,
    TooManyAttempts,
    consume,
    count_login_attempt,
    login_failed,
    login_succeeded,
    refund_attempt,
    trust_address,
)
from flask_watchword.accounts.shared_limits import MailCause
from flask_watchword.service.authentication.login_limits import login_limits
from flask_watchword.service.features.api_tokens.limits import (
    MACHINE_TOKEN_PER_ADDRESS,
    machine_token_hits,
)
from flask_watchword.service.features.registration.limits import (
    REGISTER_PER_ADDRESS,
    registration_hits,
)
from flask_watchword.service.features.totp.limits import totp_hits
from tests.memory_stores.rate_limits import MemoryRateLimitStore

NOW = 1_700_000_000.0
DEFAULTS = Limits()
LIMITS = login_limits(DEFAULTS)
ADA = "ada@example.com"
HOME = "192.0.2.1"
ELSEWHERE = "198.51.100.7"
DAY = 86_400.0


@pytest.fixture
def store() -> MemoryRateLimitStore:
    return MemoryRateLimitStore()


def attempt(store: RateLimitStore, address: str, email: str = ADA, now: float = NOW) -> Attempt:
    return count_login_attempt(store, email, address, now, LIMITS)


def sign_in(store: RateLimitStore, address: str, now: float = NOW) -> None:
    login_succeeded(store, attempt(store, address, now=now), now, LIMITS)


def fail(store: RateLimitStore, address: str, email: str = ADA, now: float = NOW) -> float:
    """Try a wrong password; return the seconds to wait, 0.0 if the password was checked."""
    try:
        login_failed(store, attempt(store, address, email, now))
    except TooManyAttempts as refused:
        return refused.retry_after
    return 0.0


def fail_from_a_thousand_addresses(store: RateLimitStore, now: float = NOW) -> int:
    """Return how many of a thousand wrong passwords were checked."""
    return sum(fail(store, f"203.0.{n // 250}.{n % 250 + 1}", now=now) == 0 for n in range(1000))


def test_ten_failures_are_allowed_and_the_next_waits(store: RateLimitStore) -> None:
    assert [fail(store, HOME) for _ in range(12)] == [0.0] * 10 + [60, 60]
    assert fail(store, HOME, now=NOW + 59.5) == 1
    assert fail(store, HOME, now=NOW + 60) == 0


def test_one_address_that_tries_many_accounts_is_limited(store: RateLimitStore) -> None:
    waits = [fail(store, HOME, f"user{n}@example.com") for n in range(200)]
    assert waits.count(0.0) == LIMITS.address.burst
    assert waits[-1] == LIMITS.address.interval


def test_changing_the_address_within_a_subscribers_block_does_not_help(
    store: RateLimitStore,
) -> None:
    waits = [fail(store, f"2001:db8:0:1::{n:x}") for n in range(1, 101)]
    assert waits.count(0.0) == LIMITS.account_at_address.burst


def test_many_addresses_share_one_limit_for_an_account(store: RateLimitStore) -> None:
    sites = 4  # the thousand addresses are in four /24
    assert fail_from_a_thousand_addresses(store) == LIMITS.account.burst + sites


def test_failures_of_a_thousand_addresses_do_not_block_the_owner_at_a_trusted_address(
    store: RateLimitStore,
) -> None:
    sign_in(store, HOME)
    for minute in range(60):
        fail_from_a_thousand_addresses(store, NOW + minute * 60)
        assert fail(store, HOME, now=NOW + minute * 60) == 0


def test_failures_of_a_thousand_addresses_do_not_block_the_owner_at_a_new_address(
    store: RateLimitStore,
) -> None:
    fail_from_a_thousand_addresses(store)
    sign_in(store, ELSEWHERE)
    assert [fail(store, ELSEWHERE) for _ in range(10)] == [0.0] * 10


def test_attacker_in_the_owners_new_network_delays_the_owner_by_minutes_at_most(
    store: RateLimitStore,
) -> None:
    fail_from_a_thousand_addresses(store)
    assert fail(store, "198.51.100.8") == 0
    wait = fail(store, ELSEWHERE)
    assert 0 < wait <= LIMITS.account_in_network.interval


def test_code_mailed_to_the_owner_makes_an_address_trusted_during_an_attack(
    store: RateLimitStore,
) -> None:
    fail_from_a_thousand_addresses(store)
    for _ in range(20):
        fail(store, ELSEWHERE)
    assert fail(store, ELSEWHERE) > 0
    trust_address(store, ADA, ELSEWHERE, NOW, LIMITS)
    sign_in(store, ELSEWHERE)


def test_failed_login_does_not_make_an_address_trusted(store: RateLimitStore) -> None:
    fail(store, ELSEWHERE)
    fail_from_a_thousand_addresses(store)
    # Its network has one attempt, as any other.
    assert [fail(store, ELSEWHERE) for _ in range(2)] == [0.0, 60]


def test_address_is_trusted_for_one_account_only(store: RateLimitStore) -> None:
    login_succeeded(store, attempt(store, ELSEWHERE, "bob@example.com"), NOW, LIMITS)
    fail_from_a_thousand_addresses(store)
    assert [fail(store, ELSEWHERE) for _ in range(2)] == [0.0, 60]


def test_address_is_trusted_for_some_months_after_the_last_login(store: RateLimitStore) -> None:
    sign_in(store, HOME)
    later = NOW + LIMITS.trusted_days * DAY
    for moment, passes in ((later - 1, 10), (later + DAY, 1)):
        fail_from_a_thousand_addresses(store, moment)
        assert [fail(store, HOME, now=moment) for _ in range(10)].count(0.0) == passes


def test_successful_login_does_not_count_as_a_failure(store: RateLimitStore) -> None:
    for _ in range(200):
        sign_in(store, HOME)
    assert [fail(store, HOME) for _ in range(11)].count(0.0) == 10


def test_success_refunds_only_its_own_attempt(store: RateLimitStore) -> None:
    for _ in range(9):
        fail(store, HOME)
    sign_in(store, HOME)
    assert [fail(store, HOME) for _ in range(3)] == [0.0, 60, 60]


def test_successes_count_against_a_higher_limit_of_their_own(store: RateLimitStore) -> None:
    for _ in range(LIMITS.success.burst):
        sign_in(store, HOME)
    for address in (HOME, ELSEWHERE):
        with pytest.raises(TooManyAttempts):
            sign_in(store, address)
    sign_in(store, HOME, NOW + LIMITS.success.interval)
    assert fail(store, HOME, "bob@example.com") == 0


def test_failures_do_not_count_against_the_limit_of_successes(
    store: RateLimitStore,
) -> None:
    sign_in(store, HOME)
    for n in range(LIMITS.success.burst):
        with contextlib.suppress(TooManyAttempts):
            login_failed(
                store, attempt(store, f"203.0.{n // 250}.{n % 250 + 1}", now=NOW + 60.0 * n)
            )
    for _ in range(LIMITS.success.burst // 2):
        sign_in(store, HOME, NOW + 60.0 * LIMITS.success.burst)


def test_attempt_that_could_not_be_checked_does_not_count(store: RateLimitStore) -> None:
    for _ in range(2 * LIMITS.success.burst):
        refund_attempt(store, attempt(store, HOME))
    assert [fail(store, HOME) for _ in range(11)].count(0.0) == 10


def test_attack_on_many_accounts_from_one_ipv6_network_is_limited(store: RateLimitStore) -> None:
    """Each attempt comes from another /64 of one /48, which one customer may have as a whole."""
    waits = [fail(store, f"2001:db8:7:{n:x}::1", f"user{n}@example.com") for n in range(1, 251)]
    assert waits.count(0.0) == NETWORK_SHARE * LIMITS.address.burst
    assert fail(store, "2001:db8:8::1", "user1@example.com") == 0


def test_failures_of_neighbours_do_not_block_a_trusted_address(
    store: RateLimitStore,
) -> None:
    home = "2001:db8:7:1::1"
    sign_in(store, home)
    for n in range(2, 252):
        fail(store, f"2001:db8:7:{n:x}::1", f"user{n}@example.com")
    sign_in(store, home)


BY_ADDRESS: Mapping[Callable[[Limits, str], Sequence[Hit]], RateLimit] = {
    registration_hits: REGISTER_PER_ADDRESS,
    shared_limits.mail_request_hits: shared_limits.MAIL_PER_ADDRESS,
    shared_limits.one_time_code_hits: shared_limits.CODE_PER_ADDRESS,
    shared_limits.new_password_hits: shared_limits.NEW_PASSWORD_PER_ADDRESS,
    machine_token_hits: MACHINE_TOKEN_PER_ADDRESS,
}


@pytest.mark.parametrize("hits", BY_ADDRESS, ids=lambda hits: hits.__name__)
def test_every_limit_by_address_also_counts_ipv6_networks(
    store: RateLimitStore, hits: Callable[[Limits, str], Sequence[Hit]]
) -> None:
    most = BY_ADDRESS[hits].default.burst

    def passes(address: str) -> bool:
        try:
            consume(store, NOW, *hits(DEFAULTS, address))
        except TooManyAttempts:
            return False
        return True

    assert sum(passes(f"2001:db8:7:{n:x}::1") for n in range(4 * most)) == NETWORK_SHARE * most
    assert sum(passes("2001:db8:8::1") for _ in range(4 * most)) == most
    assert sum(passes("192.0.2.1") for _ in range(4 * most)) == most
    assert passes("192.0.2.2")


def test_login_to_ones_own_account_does_not_allow_more_guesses_at_others(
    store: RateLimitStore,
) -> None:
    passed = 0
    for n in range(200):
        passed += fail(store, HOME, f"user{n}@example.com") == 0.0
        try:
            login_succeeded(store, attempt(store, HOME, "mallory@example.com"), NOW, LIMITS)
        except TooManyAttempts:
            continue
    assert passed == LIMITS.address.burst


def test_unknown_account_is_counted_like_a_known_one(store: RateLimitStore) -> None:
    assert [fail(store, HOME, "nobody@example.com") for _ in range(11)] == [0.0] * 10 + [60]


def test_wait_is_a_positive_number_of_whole_seconds() -> None:
    assert [TooManyAttempts(s).retry_after for s in (0.000001, 1.0, 1.2, 59.9)] == [1, 1, 2, 60]


def test_no_store_receives_an_ip_or_email_address(store: MemoryRateLimitStore) -> None:
    sign_in(store, HOME)
    fail(store, HOME)
    assert {len(key) for key in store._until} == {64}
    assert not any(word in str(store._until) for word in ("ada", "192.0.2"))


def test_different_limits_are_counted_separately(store: RateLimitStore) -> None:
    limits, ipv6 = DEFAULTS, "2001:db8::1"
    hits = [
        *registration_hits(limits, ipv6),
        *shared_limits.mail_request_hits(limits, ipv6),
        *shared_limits.one_time_code_hits(limits, ipv6),
        *shared_limits.new_password_hits(limits, ipv6),
        *machine_token_hits(limits, ipv6),
        *(one for cause in MailCause for one in shared_limits.mailbox_hits(limits, ADA, cause)),
        *totp_hits(limits, "ada"),
        *totp_hits(limits, "bob"),
        *shared_limits.reauthentication_hits(limits, "ada"),
        *shared_limits.accepted_password_hits(limits, "ada"),
    ]
    assert len({one.key for one in hits}) == len(hits)


def test_second_factor_is_counted_over_all_addresses(store: RateLimitStore) -> None:
    for _ in range(5):
        consume(store, NOW, *totp_hits(DEFAULTS, "ada"))
    with pytest.raises(TooManyAttempts) as refused:
        consume(store, NOW, *totp_hits(DEFAULTS, "ada"))
    assert refused.value.retry_after == 900
