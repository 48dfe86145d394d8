"""How often somebody may try, and how an owner gets in while others are guessing.

A limit is a bucket that drips: ``burst`` tries at once, then one each ``interval`` seconds. It is
kept as one number, the moment at which it is full again (the generic cell rate algorithm), in whole
microseconds, so that counting is exact and one conditional write both asks and counts.

**A stranger must not lock an owner out.** A count per account alone would let anybody do so by
failing often enough; a count per address alone lets many addresses guess at one account. So a
sign-in is counted by where it comes from first:

1. *The address*, over all accounts: who tries many accounts from one place is slowed down. Of IPv6
   that is a /64, and the /48 around it for attempts from unknown places: one customer may have all
   of its 65,536 blocks.
2. *The account at this address.* What others do elsewhere does not count here.
3. *The account, for strangers*: all addresses from which nobody has signed in to it yet share one
   budget. An address from which somebody has is a known place and draws nothing on it, so its
   owner at home or at work does not even notice that thousands of addresses are guessing. (NIST
   SP 800-63B-4 section 3.2.2 names addresses of earlier sign-ins as such a measure.)
4. *The account, for strangers of one site*, asked only when that budget is empty: neighbours, a /24
   or a /48, get one try now and then. An owner who travels gets in at the first try with the right
   password, even then; an attacker gets as many guesses as they have networks, not addresses.

A client at the owner's address can use up the attempts there. The owner then waits for the next
attempt: minutes, not hours. A password reset by e-mail makes the location trusted as well and
restores the full limits (:func:`trust_location`). Nothing of this is permanent, and no attempt is
rejected for longer than one interval.

What is counted is failures: a try is paid for before the password is looked at, so that a thousand
tries at once are no way around, and a success refunds what it has paid itself. Successes have a
limit of their own, a wide one: each costs a hash, so that without it the owner of one account could
keep every core busy.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from flask_watchword.accounts.client_addresses import address_block, address_site, routed_network

_MICROSECONDS = 1_000_000

#: How many times as many attempts a /48 of IPv6 has as one address. A company with a /48 has one
#: address of IPv4 for all its users, so a single customer does not need more.
NETWORK_SHARE = 2


class TooManyAttempts(Exception):
    """A try that comes too early.

    Attributes:
        retry_after: whole seconds, at least 1, after which trying again makes sense.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__("Too many tries")
        self.retry_after = max(1, math.ceil(seconds))


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket that drips.

    Attributes:
        burst: tries that may come at once.
        interval: seconds after which one more may.
    """

    burst: int
    interval: float


@dataclass(frozen=True, slots=True)
class Hit:
    """One try, counted on one limit. All a store has to know.

    Attributes:
        key: what is counted, as a hash: no store learns an address or an e-mail by it.
        interval: of the limit, in microseconds.
        depth: of the limit, in microseconds: how far in the future the bucket may be full.
    """

    key: str
    interval: int
    depth: int


class RateLimitStore(Protocol):
    """Stores one time per key, in microseconds since the epoch; a past time has no meaning.

    Methods may be called from any thread of any process. A store that does not answer raises its
    own error and never allows an attempt.
    """

    def consume(self, hits: Sequence[Hit], now: int) -> int:
        """Count one attempt against every limit, or against none if one of them has no room.

        Atomic: of any number of concurrent calls exactly as many are counted as there is room for.
        A limit has room if ``max(now, time) + interval <= now + depth``; the left side is then the
        new time of its key.

        Returns:
            0 if the attempt was counted; otherwise the microseconds until there is room.
        """

    def refund(self, hits: Sequence[Hit]) -> None:
        """Count one attempt less against every limit; without limits, do not access the store."""

    def remember(
        self,
        key: str,
        until: int,
        now: int,
        *,
        refunded: Sequence[Hit] = (),
        reset: str | None = None,
    ) -> None:
        """Remember a key until a time, unless it is already remembered for longer.

        In the same step, count one attempt less against the limits ``refunded``, and delete the
        key of the limit ``reset``.
        """

    def remembers(self, key: str, now: int) -> bool:
        """Return whether a key is remembered."""

    def purge(self, now: int, limit: int) -> int:
        """Delete up to ``limit`` expired keys, and return how many."""


@dataclass(frozen=True, slots=True)
class LoginLimits:
    """What a sign-in is held to; see the text above for what each is about.

    Attributes:
        address: one address, over all accounts. Wide enough for an office behind one address.
        account_at_address: one account from one address.
        strangers: one account from all addresses that are not known places.
        site: one account from one site, while the strangers' budget is empty.
        success: one account, for attempts with the right password.
        known_days: how long a place stays known after a sign-in.
    """

    address: Limit
    account_at_address: Limit
    strangers: Limit
    site: Limit
    success: Limit
    known_days: int = 90


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in that was let through to the password, and what it has paid.

    Attributes:
        email_key: the account it is for, whether there is one or not.
        address: where it comes from.
        charges: what it has paid as a failure; refunded when it succeeds.
        success: what it has paid as a success; refunded when it fails.
    """

    email_key: str
    address: str
    charges: tuple[Hit, ...]
    success: tuple[Hit, ...] = ()


def count_login_attempt(
    store: RateLimitStore, email_key: str, address: str, now: float, limits: LoginLimits
) -> Attempt:
    """Let a sign-in through to the password, or refuse it.

    An account that does not exist is counted like one that does: the answer tells neither.

    Args:
        store: where tries are counted.
        email_key: the account as it was named.
        address: what ``client_address`` returned.
        now: seconds since the epoch.
        limits: what it is held to.

    Raises:
        TooManyAttempts: when it comes too early.
    """
    at, block = _microseconds(now), address_block(address)
    success = (hit("success", limits.success, email_key),)
    block_charge, *network_charge = hits_by_address("address", limits.address, address)
    here = (
        block_charge,
        hit("account at address", limits.account_at_address, email_key, block),
    )
    if store.remembers(_place(email_key, block), at):
        _consume(store, (*here, *success), at)
        return Attempt(email_key, address, here, success)
    waits = []
    for also in (
        hit("strangers", limits.strangers, email_key),
        hit("site", limits.site, email_key, address_site(address)),
    ):
        paid = (*here, *network_charge, also)
        wait = store.consume((*paid, *success), at)
        if not wait:
            return Attempt(email_key, address, paid, success)
        waits.append(wait)
    raise TooManyAttempts(min(waits) / _MICROSECONDS)


def login_succeeded(
    store: RateLimitStore, attempt: Attempt, now: float, limits: LoginLimits
) -> None:
    """Take note that an attempt succeeded: with every factor the account has.

    What it paid as a failure is refunded, and the place is a known one from now on. Other failures
    stay counted: behind a shared address they may be another person's.
    """
    at, place = _microseconds(now), _place(attempt.email_key, address_block(attempt.address))
    store.remember(place, _known_until(at, limits), at, refunded=attempt.charges)


def login_failed(store: RateLimitStore, attempt: Attempt) -> None:
    """Take note that the password of an attempt was wrong: it is no success."""
    store.refund(attempt.success)


def refund_attempt(store: RateLimitStore, attempt: Attempt) -> None:
    """Count an attempt no more whose password could not be checked."""
    store.refund((*attempt.charges, *attempt.success))


def trust_location(
    store: RateLimitStore, email_key: str, address: str, now: float, limits: LoginLimits
) -> None:
    """Make a place a known one: after a code that was sent to the owner's mailbox.

    Failures at this address are disregarded, so that an owner who used up the attempts there can
    log in with the new password.
    """
    at, block = _microseconds(now), address_block(address)
    here = hit("account at address", limits.account_at_address, email_key, block)
    until = _known_until(at, limits)
    store.remember(_place(email_key, block), until, at, reset=here.key)


def _known_until(at: int, limits: LoginLimits) -> int:
    return at + limits.known_days * 86_400 * _MICROSECONDS


def hit(kind: str, limit: Limit, *about: str) -> Hit:
    """Return one try on a limit.

    Args:
        kind: a name that no other limit has.
        limit: how many are allowed.
        about: whose tries are counted.
    """
    # Rounded up: never one more than the limit says.
    interval = math.ceil(limit.interval * _MICROSECONDS)
    return Hit(_key(kind, *about), interval, interval * limit.burst)


def hits_by_address(kind: str, limit: Limit, address: str) -> tuple[Hit, ...]:
    """Return one try on a limit of one address, and on that of the IPv6 network around it.

    Args:
        kind: a name that no other limit has.
        limit: how many are allowed from one address; a /48 has :data:`NETWORK_SHARE` times as many.
        address: what ``client_address`` returned.
    """
    block, network = hit(kind, limit, address_block(address)), routed_network(address)
    if network is None:
        return (block,)
    wider = Limit(limit.burst * NETWORK_SHARE, limit.interval / NETWORK_SHARE)
    return (block, hit(f"{kind} network", wider, network))


def consume(store: RateLimitStore, now: float, *hits: Hit) -> None:
    """Count one attempt against every limit, or reject it.

    Raises:
        TooManyAttempts: when one of them has no room.
    """
    _consume(store, hits, _microseconds(now))


def _consume(store: RateLimitStore, hits: Sequence[Hit], now: int) -> None:
    wait = store.consume(hits, now)
    if wait:
        raise TooManyAttempts(wait / _MICROSECONDS)


def _place(email_key: str, block: str) -> str:
    return _key("known place", email_key, block)


def _key(*parts: str) -> str:
    # Each part with its length in front, so that no two lists of parts run together alike.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _microseconds(seconds: float) -> int:
    return round(seconds * _MICROSECONDS)
