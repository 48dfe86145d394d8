"""Delete all that has passed its end, in batches beside which requests go on."""

import sys
import time
from collections.abc import Callable

import click

from flask_watchword.accounts.audit import AuditLog
from flask_watchword.accounts.cleanup import CleanupStore
from flask_watchword.cli.admin_context import administrator
from flask_watchword.clock import system_clock
from flask_watchword.service.features.audit.flow import announce, drop_some, last_before
from flask_watchword.sessions.store import RETENTION_SECONDS, SessionStore

#: How many of each kind are deleted at a time: some milliseconds of work.
BATCH = 500

#: Seconds.
_DAY = 86_400.0

#: The most seconds between two batches.
_LONGEST_PAUSE = 0.1


def purge_sessions(sessions: SessionStore) -> int:
    """Delete sessions and revocations until nothing is left to delete; return how many there were.

    Raises:
        StoreUnavailable: when the store does not answer; what was deleted by then is gone.
    """
    # One moment for all batches, or there could be always one more.
    moment = system_clock() - RETENTION_SECONDS
    return _until_none("sessions", lambda: sessions.purge(moment, BATCH))


def purge_accounts(upkeep: CleanupStore) -> int:
    """Delete what is over of accounts until nothing is left to delete; return how much there was.

    Raises:
        StoreUnavailable: when the database does not answer; what was deleted by then is gone.
    """
    moment = system_clock()
    return _until_none("accounts", lambda: upkeep.purge(moment, BATCH))


def trim_audit_log(log: AuditLog, days: int) -> int:
    """Drop the entries of the audit log from before so many days; return how many there were.

    Raises:
        BrokenChain: when one of them was altered; nothing is dropped then.
        StoreUnavailable: when the database does not answer; what was dropped by then is gone.
    """
    now = system_clock()
    until = last_before(log, now - days * _DAY)
    if until is None:
        return 0
    announce(log, until, now, administrator())
    return _until_none("entries", lambda: drop_some(log, until, BATCH))


def is_watched() -> bool:
    """Tell whether a person sees the progress, which is shown on standard error."""
    return sys.stderr.isatty()


def _until_none(of_what: str, purge: Callable[[], int]) -> int:
    deleted = 0
    began = time.monotonic()
    while batch := purge():
        deleted += batch
        _show(f"\r{of_what}: {deleted} deleted so far")
        # Whoever else writes gets as much of the store's time as this.
        time.sleep(min(time.monotonic() - began, _LONGEST_PAUSE))
        began = time.monotonic()
    if deleted:
        _show("\n")
    return deleted


def _show(text: str) -> None:
    if is_watched():
        click.echo(text, nl=False, err=True)
