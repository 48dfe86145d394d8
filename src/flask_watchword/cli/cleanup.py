"""Delete all expired rows in small batches, so that concurrent requests are not blocked."""

import sys
import time
from collections.abc import Callable

import click

from flask_watchword.accounts.audit import AuditLog
from flask_watchword.accounts.cleanup import CleanupStore
from flask_watchword.cli.admin_context import ACTOR
from flask_watchword.clock import system_clock
from flask_watchword.service.features.audit.flow import announce, drop_some, last_before
from flask_watchword.sessions.store import RETENTION_SECONDS, SessionStore

#: Rows of each kind deleted at a time: some milliseconds of work.
BATCH = 500

#: Seconds.
_DAY = 86_400.0

#: Longest pause between two batches, in seconds.
_LONGEST_PAUSE = 0.1


def purge_sessions(sessions: SessionStore) -> int:
    """Delete all expired sessions and revocations; return how many were deleted.

    Raises:
        StoreUnavailable: if the store does not respond; earlier batches stay deleted.
    """
    # One cutoff for all batches: with a moving one the loop might never end.
    cutoff = system_clock() - RETENTION_SECONDS
    return _repeat("sessions", lambda: sessions.purge(cutoff, BATCH))


def purge_accounts(store: CleanupStore) -> int:
    """Delete all expired rows of accounts; return how many were deleted.

    Raises:
        StoreUnavailable: if the database does not respond; earlier batches stay deleted.
    """
    cutoff = system_clock()
    return _repeat("accounts", lambda: store.purge(cutoff, BATCH))


def trim_audit_log(log: AuditLog, days: int) -> int:
    """Delete audit log entries older than a number of days; return how many were deleted.

    Raises:
        BrokenChain: if one of them was altered; nothing is deleted then.
        StoreUnavailable: if the database does not respond; earlier batches stay deleted.
    """
    now = system_clock()
    until = last_before(log, now - days * _DAY)
    if until is None:
        return 0
    announce(log, until, ACTOR)
    return _repeat("entries", lambda: drop_some(log, until, BATCH))


def shows_progress() -> bool:
    """Tell whether progress is shown: standard error is a terminal."""
    return sys.stderr.isatty()


def _repeat(kind: str, purge: Callable[[], int]) -> int:
    deleted = 0
    began = time.monotonic()
    while batch := purge():
        deleted += batch
        _show(f"\r{kind}: {deleted} deleted so far")
        # Pause as long as the batch took: other writers get half of the store's time.
        time.sleep(min(time.monotonic() - began, _LONGEST_PAUSE))
        began = time.monotonic()
    if deleted:
        _show("\n")
    return deleted


def _show(text: str) -> None:
    if shows_progress():
        click.echo(text, nl=False, err=True)
