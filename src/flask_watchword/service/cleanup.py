"""Delete expired rows in small batches while the service runs."""

import time

from flask_watchword.accounts.cleanup import CleanupStore
from flask_watchword.clock import Clock, system_clock
from flask_watchword.infra.errors import StoreUnavailable

#: Seconds between two searches for expired rows.
INTERVAL = 60.0

#: Maximum number of rows of each kind that are deleted at a time: some milliseconds of work.
BATCH = 500


class Cleanup:
    """Delete expired codes, counters, messages and API tokens, some of which strangers create.

    Any number of processes can run it: rows that one of them deletes are skipped by the others.

    Args:
        store: deletes the rows.
        clock: seconds since the epoch.
        elapsed: a monotonic clock, in seconds.
    """

    def __init__(
        self, store: CleanupStore, clock: Clock = system_clock, elapsed: Clock = time.monotonic
    ) -> None:
        self._store = store
        self._clock = clock
        self._elapsed = elapsed
        self._due = elapsed() + INTERVAL

    def run(self) -> None:
        """Delete a batch if it is due; the next one is due at once if there may be more."""
        now = self._elapsed()
        if now < self._due:
            return
        try:
            deleted = self._store.purge(self._clock(), BATCH)
        except StoreUnavailable:
            # Requests that need the store report it; the cleanup waits.
            deleted = 0
        self._due = now if deleted >= BATCH else now + INTERVAL
