"""How often endpoints may be asked, counted in the store."""

import contextlib
from collections.abc import Iterator, Sequence

from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.limits import MailCause
from flask_watchword.accounts.throttling import Charge, TooManyTries, spend
from flask_watchword.clock import system_clock
from flask_watchword.service.components import components


def _count(charges: Sequence[Charge]) -> None:
    """Count a try on every limit.

    Raises:
        TooManyTries: when one of them has no room; nothing is counted then.
    """
    spend(components().stores.throttle, system_clock(), *charges)


@contextlib.contextmanager
def counting_failures(charges: Sequence[Charge], *failures: type[Exception]) -> Iterator[None]:
    """Count a try before anything is looked at, and pay it back unless it fails in these ways.

    Raises:
        TooManyTries: when there is no room.
    """
    _count(charges)
    try:
        yield
    except failures:
        raise
    except BaseException:
        # It says nothing about what was tried: a store that is down, no core that was free.
        _pay_back(charges)
        raise
    _pay_back(charges)


@contextlib.contextmanager
def counting_successes(charges: Sequence[Charge], *failures: type[Exception]) -> Iterator[None]:
    """Count what is done here, and pay it back when it could not be done.

    Args:
        charges: what is counted.
        failures: the exceptions by which it was not done; any one when none is given.

    Raises:
        TooManyTries: when there is no room.
    """
    undone = failures or (BaseException,)
    _count(charges)
    try:
        yield
    except undone:
        _pay_back(charges)
        raise


@contextlib.contextmanager
def room_in_mailbox(email: str, cause: MailCause) -> Iterator[bool]:
    """Count an e-mail to an address, and tell whether there is room for it.

    It is paid back when it could not be sent: who tries to register with a weak password, and
    tries again, gets an e-mail for the one that is accepted.
    """
    charges = components().limits.mailbox(email_key(email), cause)
    try:
        _count(charges)
    except TooManyTries:
        yield False
        return
    try:
        yield True
    except BaseException:
        _pay_back(charges)
        raise


def _pay_back(charges: Sequence[Charge]) -> None:
    components().stores.throttle.give_back(charges)
