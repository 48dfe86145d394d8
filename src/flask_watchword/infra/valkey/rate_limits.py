"""Rate limits in Valkey or Redis: one number per limit, which expires by itself."""

import math
from collections.abc import Sequence
from typing import Self

from flask_watchword.accounts.rate_limits import Hit
from flask_watchword.infra.valkey.client import Server, client_opener, prefix_of
from flask_watchword.infra.valkey.sessions import ValkeySessionStore


class ValkeyRateLimitStore:
    """A rate limit store in which each method is one script, on one server or in a cluster.

    Args:
        server: the server or cluster.
        prefix: prefix of all keys, in braces, which keep them in one slot of a cluster.
        owned: whether closing the store closes the connections.
    """

    def __init__(self, server: Server, prefix: str, *, owned: bool) -> None:
        self._server = server
        self._owned = owned
        self._prefix = f"{{{prefix}}}:throttle:"

    @classmethod
    def from_url(cls, url: str, *, prefix: str = "watchword") -> Self:
        """Return a store that connects at first use.

        Args:
            url: see :func:`~flask_watchword.infra.valkey.client.client_opener`.
            prefix: prefix of all keys, unless the URL names one.

        Raises:
            ValueError: when the URL has another form.
            MissingExtra: when neither valkey-py nor redis-py is installed.
        """
        return cls(Server(client_opener(url)), prefix_of(url) or prefix, owned=True)

    @classmethod
    def sharing(cls, sessions: ValkeySessionStore) -> Self:
        """Return a store with the connections and the prefix of a session store, which closes them.

        Both share one circuit breaker: when the server does not answer one of them, the other
        fails fast.
        """
        return cls(sessions.server, sessions.prefix, owned=False)

    def consume(self, hits: Sequence[Hit], now: int) -> int:
        """Count one attempt against every limit, or against none."""
        return self.consume_by_trust("", hits, (), now)[0]

    def consume_by_trust(
        self, key: str, hits: Sequence[Hit], untrusted_hits: Sequence[Hit], now: int
    ) -> tuple[int, bool]:
        """Count one attempt, and return whether the key is remembered."""
        every = (*hits, *untrusted_hits)
        limits = [number for hit in every for number in (hit.interval, hit.depth)]
        keys = [self._prefix + name for name in (key, *(hit.key for hit in every))]
        wait, is_trusted = self._server.run("consume", keys, now, len(hits), *limits)
        return int(wait), bool(int(is_trusted))

    def refund(self, hits: Sequence[Hit]) -> None:
        """Count one attempt less against every limit."""
        keys = [self._prefix + hit.key for hit in hits]
        if keys:
            self._server.run("refund", keys, *(hit.interval for hit in hits))

    def remember(
        self,
        key: str,
        until: int,
        now: int,
        *,
        refunded: Sequence[Hit] = (),
        reset: str | None = None,
    ) -> None:
        """Remember a key until a time, and refund or reset limits."""
        names = [key, *(hit.key for hit in refunded)]
        if reset is not None:
            names.append(reset)
        milliseconds = max(1, math.ceil((until - now) / 1000))
        intervals = [hit.interval for hit in refunded]
        keys = [self._prefix + name for name in names]
        self._server.run("remember", keys, until, milliseconds, *intervals)

    def remembers(self, key: str, now: int) -> bool:
        """Return whether a key is remembered."""
        with self._server.client() as client:
            until = client.get(self._prefix + key)
        return until is not None and int(until) > now

    def purge(self, now: int, limit: int) -> int:
        """Return 0: the server deletes expired keys itself."""
        return 0

    def close(self) -> None:
        """Close the client if it was opened from a URL."""
        if self._owned:
            self._server.close()
