"""How often endpoints may be asked, counted in the store."""

import contextlib
from collections.abc import Iterator, Sequence

from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.rate_limits import Hit, TooManyAttempts, consume
from flask_watchword.accounts.shared_limits import MailCause, mailbox_hits
from flask_watchword.clock import system_clock
from flask_watchword.service.context import ServiceContext


def _count(context: ServiceContext, charges: Sequence[Hit]) -> None:
    """Count a try on every limit.

    Raises:
        TooManyAttempts: when one of them has no room; nothing is counted then.
    """
    consume(context.stores.throttle, system_clock(), *charges)


@contextlib.contextmanager
def counting_failures(
    context: ServiceContext, charges: Sequence[Hit], *failures: type[Exception]
) -> Iterator[None]:
    """Count a try before anything is looked at, and pay it back unless it fails in these ways.

    Raises:
        TooManyAttempts: when there is no room.
    """
    _count(context, charges)
    try:
        yield
    except failures:
        raise
    except BaseException:
        # It says nothing about what was tried: a store that is down, no core that was free.
        _pay_back(context, charges)
        raise
    _pay_back(context, charges)


@contextlib.contextmanager
def counting_successes(
    context: ServiceContext, charges: Sequence[Hit], *failures: type[Exception]
) -> Iterator[None]:
    """Count what is done here, and pay it back when it could not be done.

    Args:
        charges: what is counted.
        failures: the exceptions by which it was not done; any one when none is given.

    Raises:
        TooManyAttempts: when there is no room.
    """
    undone = failures or (BaseException,)
    _count(context, charges)
    try:
        yield
    except undone:
        _pay_back(context, charges)
        raise


@contextlib.contextmanager
def room_in_mailbox(context: ServiceContext, email: str, cause: MailCause) -> Iterator[bool]:
    """Count an e-mail to an address, and tell whether there is room for it.

    It is paid back when it could not be sent: who tries to register with a weak password, and
    tries again, gets an e-mail for the one that is accepted.
    """
    charges = mailbox_hits(context.limits, email_key(email), cause)
    try:
        _count(context, charges)
    except TooManyAttempts:
        yield False
        return
    try:
        yield True
    except BaseException:
        _pay_back(context, charges)
        raise


def _pay_back(context: ServiceContext, charges: Sequence[Hit]) -> None:
    context.stores.throttle.refund(charges)
