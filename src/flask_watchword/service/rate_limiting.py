"""Count requests against the rate limits."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.rate_limits import Hit, RateLimitStore, TooManyAttempts, consume
from flask_watchword.accounts.shared_limits import MailCause, mailbox_hits
from flask_watchword.accounts.transaction import Transaction
from flask_watchword.clock import system_clock
from flask_watchword.service.context import ServiceContext

_T = TypeVar("_T")


def _count(context: ServiceContext, hits: Sequence[Hit]) -> None:
    """Count an attempt against every limit.

    Raises:
        TooManyAttempts: when one of them is reached; nothing is counted then.
    """
    consume(context.stores.rate_limits, system_clock(), *hits)


@contextlib.contextmanager
def counting_failures(
    context: ServiceContext, hits: Sequence[Hit], *failures: type[Exception]
) -> Iterator[None]:
    """Count an attempt before anything is checked; refund it unless one of the failures is raised.

    Raises:
        TooManyAttempts: when a limit is reached.
    """
    with counting_attempts(context, hits, *failures):
        yield
    _refund(context, hits)


@contextlib.contextmanager
def counting_attempts(
    context: ServiceContext, hits: Sequence[Hit], *failures: type[Exception]
) -> Iterator[None]:
    """Count an attempt before anything is checked; the caller refunds it after a success.

    Raises:
        TooManyAttempts: when a limit is reached.
    """
    _count(context, hits)
    try:
        yield
    except failures:
        raise
    except BaseException:
        # The attempt was not decided: a store is down, or no core was free.
        _refund(context, hits)
        raise


@contextlib.contextmanager
def counting_successes(
    context: ServiceContext, hits: Sequence[Hit], *failures: type[Exception]
) -> Iterator[None]:
    """Count an action, and refund it when it fails.

    Args:
        context: the service.
        hits: the hits to count.
        failures: the exceptions that count as a failure; by default all.

    Raises:
        TooManyAttempts: when a limit is reached.
    """
    refunded = failures or (BaseException,)
    _count(context, hits)
    try:
        yield
    except refunded:
        _refund(context, hits)
        raise


@contextlib.contextmanager
def room_in_mailbox(context: ServiceContext, email: str, cause: MailCause) -> Iterator[bool]:
    """Count an e-mail to an address; yield whether the limit of the mailbox allows it.

    It is refunded when it is not sent: a user who registers with a weak password, and then with an
    accepted one, gets the e-mail.
    """
    hits = mailbox_hits(context.limits, email_key(email), cause)
    try:
        _count(context, hits)
    except TooManyAttempts:
        yield False
        return
    try:
        yield True
    except BaseException:
        _refund(context, hits)
        raise


def transaction_with_limits(
    context: ServiceContext,
    work: Callable[[Transaction], _T],
    count: Callable[[RateLimitStore], None],
) -> _T:
    """Run work in one transaction, and change rate limits in it or, in another store, after it.

    Args:
        context: the service.
        work: the changes; it can be run several times.
        count: changes the rate limits.
    """
    shared = context.stores.shared
    if shared is None or not shared.has_rate_limits:
        done = context.transaction(work)
        count(context.stores.rate_limits)
        return done

    def work_and_count(tx: Transaction) -> _T:
        done = work(tx)
        count(shared.rate_limits_in(tx.repositories.connection))
        return done

    return context.transaction(work_and_count)


def _refund(context: ServiceContext, hits: Sequence[Hit]) -> None:
    context.stores.rate_limits.refund(hits)
