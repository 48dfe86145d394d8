"""Counted tries in this process's memory: for tests, and for applications of one process."""

from collections.abc import Sequence

from flask_watchword.accounts.rate_limits import Hit
from flask_watchword.locks import process_lock

#: Every so many tries what is past is deleted, or whoever has many addresses would fill memory.
_TIDY_EVERY = 1_000


class MemoryRateLimitStore:
    """A throttle store that lives and dies with the process; one lock makes each step atomic."""

    def __init__(self) -> None:
        self._until: dict[str, int] = {}
        self._taken = 0
        self._lock = process_lock()

    def take(self, charges: Sequence[Hit], now: int) -> int:
        """Count one try on every limit, or on none."""
        with self._lock():
            self._taken += 1
            if self._taken % _TIDY_EVERY == 0:
                self._delete(now, len(self._until))
            moments = {c.key: max(now, self._until.get(c.key, now)) + c.interval for c in charges}
            wait = max((moments[c.key] - c.depth - now for c in charges), default=0)
            if wait > 0:
                return wait
            self._until.update(moments)
            return 0

    def refund(self, charges: Sequence[Hit]) -> None:
        """Count one try less on every limit."""
        with self._lock():
            self._give_back(charges)

    def remember(
        self,
        key: str,
        until: int,
        now: int,
        *,
        paid_back: Sequence[Hit] = (),
        forgotten: str | None = None,
    ) -> None:
        """Keep a key until a moment, and count what is forgotten or paid back no more."""
        with self._lock():
            self._give_back(paid_back)
            if forgotten is not None:
                self._until.pop(forgotten, None)
            self._until[key] = max(until, self._until.get(key, until))

    def remembers(self, key: str, now: int) -> bool:
        """Tell whether a key is kept."""
        return self._until.get(key, now) > now

    def purge(self, now: int, limit: int) -> int:
        """Delete up to ``limit`` moments that are past."""
        with self._lock():
            return self._delete(now, limit)

    def _give_back(self, charges: Sequence[Hit]) -> None:
        for c in charges:
            if c.key in self._until:
                self._until[c.key] -= c.interval

    def _delete(self, now: int, limit: int) -> int:
        past = [key for key, until in self._until.items() if until <= now][:limit]
        for key in past:
            del self._until[key]
        return len(past)
