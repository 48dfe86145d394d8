"""A rate limit store in memory, for tests."""

from collections.abc import Sequence

from flask_watchword.accounts.rate_limits import Hit
from flask_watchword.locks import process_lock


class MemoryRateLimitStore:
    """A rate limit store that is lost when the process ends; one lock makes each step atomic."""

    def __init__(self) -> None:
        self._until: dict[str, int] = {}
        self._lock = process_lock()

    def consume(self, hits: Sequence[Hit], now: int) -> int:
        """Count one attempt against every limit, or against none."""
        with self._lock():
            moments = {c.key: max(now, self._until.get(c.key, now)) + c.interval for c in hits}
            wait = max((moments[c.key] - c.depth - now for c in hits), default=0)
            if wait > 0:
                return wait
            self._until.update(moments)
            return 0

    def consume_by_trust(
        self, key: str, hits: Sequence[Hit], untrusted_hits: Sequence[Hit], now: int
    ) -> tuple[int, bool]:
        """Count one attempt, and return whether the key is remembered."""
        is_trusted = self.remembers(key, now)
        counted = hits if is_trusted else (*hits, *untrusted_hits)
        return self.consume(counted, now), is_trusted

    def refund(self, hits: Sequence[Hit]) -> None:
        """Refund one attempt for every limit."""
        with self._lock():
            self._refund_all(hits)

    def remember(
        self,
        key: str,
        until: int,
        now: int,
        *,
        refunded: Sequence[Hit] = (),
        reset: str | None = None,
    ) -> None:
        """Remember a key until its expiry; reset and refund limits."""
        with self._lock():
            self._refund_all(refunded)
            if reset is not None:
                self._until.pop(reset, None)
            self._until[key] = max(until, self._until.get(key, until))

    def remembers(self, key: str, now: int) -> bool:
        """Return whether a key is remembered."""
        return self._until.get(key, now) > now

    def purge(self, now: int, limit: int) -> int:
        """Delete up to ``limit`` expired keys."""
        with self._lock():
            past = [key for key, until in self._until.items() if until <= now][:limit]
            for key in past:
                del self._until[key]
            return len(past)

    def _refund_all(self, hits: Sequence[Hit]) -> None:
        for c in hits:
            if c.key in self._until:
                self._until[c.key] -= c.interval
