"""Delete what is over of the accounts, a little at a time, while the service runs."""

import time

from flask_watchword.accounts.cleanup import CleanupStore
from flask_watchword.clock import Clock, system_clock
from flask_watchword.infra.errors import StoreUnavailable

#: Seconds between two looks for what is over.
INTERVAL = 60.0

#: How many of each kind are deleted at a time: some milliseconds of work.
BATCH = 500


class Cleanup:
    """Codes, counted tries, messages and tokens for programs: strangers make some of them.

    Any number of processes may tidy: what one of them is deleting the others pass over.

    Args:
        upkeep: deletes it.
        clock: what time it is.
        elapsed: a clock in seconds that nobody sets back.
    """

    def __init__(
        self, upkeep: CleanupStore, clock: Clock = system_clock, elapsed: Clock = time.monotonic
    ) -> None:
        self._upkeep = upkeep
        self._clock = clock
        self._elapsed = elapsed
        self._due = elapsed() + INTERVAL

    def run(self) -> None:
        """Delete a batch unless that was done lately; soon again where there may be more."""
        moment = self._elapsed()
        if moment < self._due:
            return
        try:
            deleted = self._upkeep.purge(self._clock(), BATCH)
        except StoreUnavailable:
            # Whoever needs the store says so; here it only waits.
            deleted = 0
        self._due = moment if deleted >= BATCH else moment + INTERVAL
