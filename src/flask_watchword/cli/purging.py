"""Delete all that has passed its end, in batches beside which requests go on."""

import sys
import time

import click

from flask_watchword.clock import system_clock
from flask_watchword.sessions.store import KEPT_PAST_END, SessionStore

#: Sessions, and as many revocations, that are deleted at a time: some milliseconds of work.
BATCH = 500

#: The most seconds between two batches.
_LONGEST_PAUSE = 0.1


def purge_all(sessions: SessionStore) -> int:
    """Delete until nothing is left to delete, and return how much there was.

    Raises:
        StoreUnavailable: when the store does not answer; what was deleted by then is gone.
    """
    # One moment for all batches, or there could be always one more.
    moment = system_clock() - KEPT_PAST_END
    deleted = 0
    began = time.monotonic()
    while batch := sessions.purge(moment, BATCH):
        deleted += batch
        _show(f"\r{deleted} deleted so far")
        # Whoever else writes gets as much of the store's time as this.
        time.sleep(min(time.monotonic() - began, _LONGEST_PAUSE))
        began = time.monotonic()
    if deleted:
        _show("\n")
    return deleted


def on_a_terminal() -> bool:
    """Tell whether a person watches."""
    return sys.stderr.isatty()


def _show(text: str) -> None:
    if on_a_terminal():
        click.echo(text, nl=False, err=True)
