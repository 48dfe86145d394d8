"""Rate limits, and how a user can log in while an attacker is guessing the password.

A limit is a leaky bucket: ``burst`` attempts at once, then one every ``interval`` seconds. It is
stored as one number, the time at which the bucket is full again (the generic cell rate algorithm),
in whole microseconds, so that counting is exact and one conditional write both checks and counts.

**An attacker must not lock a user out.** A counter per account alone would let anyone do so with
enough failures; a counter per address alone would let many addresses guess at one account. So a
login is counted by its origin first:

1. *The address*, over all accounts: slows down an address that tries many accounts. For IPv6 it is
   the /64, and for attempts from untrusted addresses also the /48 around it: one customer may have
   all of its 65,536 blocks.
2. *The account at this address.* Attempts from other addresses do not count here.
3. *The account, for untrusted addresses*: all addresses without an earlier login of its user
   share one budget. An address with one is a trusted address and does not use it, so a user at
   home or at work is not affected by thousands of guessing addresses. (NIST SP 800-63B-4 section
   3.2.2 names addresses of earlier logins as such a measure.)
4. *The account, for untrusted addresses of one network*, consulted only if that budget is used up:
   the addresses of a /24 or a /48 get one attempt now and then. A travelling user can log in at the
   first attempt with the right password even then; an attacker gets as many guesses as they have
   networks, not addresses.

A client at the owner's address can use up the attempts there. The owner then waits for the next
attempt: minutes, not hours. A password reset by e-mail makes the address trusted as well and
restores the full limits (:func:`trust_address`). Nothing of this is permanent, and no attempt is
rejected for longer than one interval.

Failures are counted: an attempt is counted before the password is verified, so that a thousand
concurrent attempts do not bypass the limit, and a success refunds its own attempt. Successes have a
wide limit of their own: each costs a hash, and without the limit one account could occupy every
core.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from flask_watchword.accounts.client_addresses import address_block, address_network, routed_network
from flask_watchword.accounts.errors import TOO_MANY_TRIES, Rejected

_MICROSECONDS = 1_000_000

#: Factor between the limit of an IPv6 /48 and that of one address. A company with a /48 has one
#: IPv4 address for all its users, so a single customer does not need more.
NETWORK_SHARE = 2


class TooManyAttempts(Rejected):
    """An attempt that a rate limit rejects.

    Args:
        seconds: the time until the next attempt is possible, rounded up to a whole second.
    """

    retry_after: int

    def __init__(self, seconds: float) -> None:
        wait = max(1, math.ceil(seconds))
        super().__init__(TOO_MANY_TRIES, "Too many attempts; try again later", retry_after=wait)


@dataclass(frozen=True, slots=True)
class Limit:
    """A leaky bucket.

    Attributes:
        burst: attempts allowed at once.
        interval: seconds after which one more attempt is allowed.
    """

    burst: int
    interval: float


@dataclass(frozen=True, slots=True)
class Hit:
    """One attempt counted against one limit, in the form that stores use.

    Attributes:
        key: a hash of what is counted, so that stores contain no addresses.
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

    def consume_by_trust(
        self, key: str, hits: Sequence[Hit], untrusted_hits: Sequence[Hit], now: int
    ) -> tuple[int, bool]:
        """Count one attempt as :meth:`consume` does, in one step with the look-up of a key.

        Args:
            key: the key that :meth:`remember` has remembered for a trusted address.
            hits: what the attempt counts on.
            untrusted_hits: what it counts on as well, unless the key is remembered.
            now: microseconds since the epoch.

        Returns:
            What :meth:`consume` returns, and whether the key is remembered.
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
    """The limits of a login; the module's docstring explains each.

    Attributes:
        address: one address, over all accounts. Wide enough for an office behind one address.
        account_at_address: one account from one address.
        account: one account from all addresses that are not trusted.
        account_in_network: one account from one /24 or /48 network, while ``account`` is used up.
        success: one account, for attempts with the right password.
        trusted_days: days for which an address stays trusted after a login.
    """

    address: Limit
    account_at_address: Limit
    account: Limit
    account_in_network: Limit
    success: Limit
    trusted_days: int = 90


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login attempt that the limits allow, with its hits.

    Attributes:
        email_key: the account, whether it exists or not.
        address: the client's address.
        failure_hits: the hits that count it as a failure; refunded if it succeeds.
        success_hits: the hits that count it as a success; refunded if it fails.
    """

    email_key: str
    address: str
    failure_hits: tuple[Hit, ...]
    success_hits: tuple[Hit, ...] = ()


def count_login_attempt(
    store: RateLimitStore, email_key: str, address: str, now: float, limits: LoginLimits
) -> Attempt:
    """Count a login attempt before its password is verified, or reject it.

    An account that does not exist is counted like one that does, so the result reveals neither.

    Args:
        store: the rate limit store.
        email_key: the key of the entered address.
        address: the result of ``client_address``.
        now: seconds since the epoch.
        limits: the limits.

    Raises:
        TooManyAttempts: if a limit is exceeded.
    """
    at, block = _microseconds(now), address_block(address)
    success = (hit("success", limits.success, email_key),)
    block_hit, *network_hits = hits_by_address("address", limits.address, address)
    here = (
        block_hit,
        hit("account at address", limits.account_at_address, email_key, block),
    )
    in_network = hit(
        "account in network", limits.account_in_network, email_key, address_network(address)
    )
    untrusted = (*network_hits, hit("account", limits.account, email_key))
    key = _trusted_key(email_key, block)
    wait, is_trusted = store.consume_by_trust(key, (*here, *success), untrusted, at)
    if not wait:
        return Attempt(email_key, address, here if is_trusted else (*here, *untrusted), success)
    if not is_trusted:
        counted = (*here, *network_hits, in_network)
        wait_of_network = store.consume((*counted, *success), at)
        if not wait_of_network:
            return Attempt(email_key, address, counted, success)
        wait = min(wait, wait_of_network)
    raise TooManyAttempts(wait / _MICROSECONDS)


def login_succeeded(
    store: RateLimitStore, attempt: Attempt, now: float, limits: LoginLimits
) -> None:
    """Record that an attempt succeeded, with every factor of the account.

    Its hits as a failure are refunded, and the address becomes trusted. Other failures stay
    counted: behind a shared address they may be another person's.
    """
    at, block = _microseconds(now), address_block(attempt.address)
    key = _trusted_key(attempt.email_key, block)
    store.remember(key, _trusted_until(at, limits), at, refunded=attempt.failure_hits)


def login_failed(store: RateLimitStore, attempt: Attempt) -> None:
    """Record that the password of an attempt was wrong: its hits as a success are refunded."""
    store.refund(attempt.success_hits)


def refund_attempt(store: RateLimitStore, attempt: Attempt) -> None:
    """Refund all hits of an attempt whose password could not be verified."""
    store.refund((*attempt.failure_hits, *attempt.success_hits))


def trust_address(
    store: RateLimitStore, email_key: str, address: str, now: float, limits: LoginLimits
) -> None:
    """Trust an address, after a code that was sent to the user's mailbox was entered there.

    Failures at this address are reset, so that a user who has used up the attempts there can log in
    with the new password.
    """
    at, block = _microseconds(now), address_block(address)
    here = hit("account at address", limits.account_at_address, email_key, block)
    until = _trusted_until(at, limits)
    store.remember(_trusted_key(email_key, block), until, at, reset=here.key)


def _trusted_until(at: int, limits: LoginLimits) -> int:
    return at + limits.trusted_days * 86_400 * _MICROSECONDS


def hit(kind: str, limit: Limit, *about: str) -> Hit:
    """Return one attempt against a limit.

    Args:
        kind: the unique name of the limit.
        limit: the limit.
        about: what is counted: an account, an address.
    """
    # Rounded up: never one more than the limit allows.
    interval = math.ceil(limit.interval * _MICROSECONDS)
    return Hit(_key(kind, *about), interval, interval * limit.burst)


def hits_by_address(kind: str, limit: Limit, address: str) -> tuple[Hit, ...]:
    """Return one attempt against the limit of an address, and that of the IPv6 network around it.

    Args:
        kind: the unique name of the limit.
        limit: the limit of one address; that of a /48 is :data:`NETWORK_SHARE` times as high.
        address: the result of ``client_address``.
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


def _trusted_key(email_key: str, block: str) -> str:
    return _key("trusted address", email_key, block)


def _key(*parts: str) -> str:
    # Each part is prefixed with its length, so that two different lists never give the same text.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _microseconds(seconds: float) -> int:
    return round(seconds * _MICROSECONDS)
