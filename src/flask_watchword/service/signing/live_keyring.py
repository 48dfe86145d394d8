"""The keys of a running service: loaded from the store, cached in memory, rotated on schedule."""

import logging
import time
from collections.abc import Callable, Sequence

from flask_watchword.clock import Clock
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.jose.keyring import Keyring
from flask_watchword.jose.keys import Key
from flask_watchword.keys.encryption import DecryptionFailed
from flask_watchword.keys.manager import KeyManager
from flask_watchword.keys.policy import SLACK_SECONDS, KeyPolicy
from flask_watchword.keys.store import KeyStore
from flask_watchword.locks import process_lock

#: Seconds for which the loaded keys are used without asking the store again, also after a failure.
_FRESH_SECONDS = 1.0
#: Seconds after a load within which an unknown key id does not cause another one. A login takes
#: longer, so a key that another process has just created, to replace a stolen one, is found.
_UNKNOWN_SECONDS = 0.02
#: Seconds for which other threads may use stale keys while one thread loads: longer than the
#: timeout of a store, and well within the accepted difference of clocks.
_OVERDUE_SECONDS = 10.0

#: Longest time in seconds for which clients may cache the JWK Set.
_LONGEST_AGE = 300

_logger = logging.getLogger(__name__)


class LiveKeyring:
    """A key provider over a key store. It has no thread: requests for keys also reload them.

    The store's version is queried at most once in a while, more often if a token names an unknown
    key; the keys are loaded if the version has changed. While the store does not respond, the
    cached keys sign and verify; a question that they cannot answer raises ``StoreUnavailable``
    instead of being guessed.

    Args:
        store: the key store.
        manager: rotates the keys on schedule.
        policy: has the lead time, for which a key is published before it signs.
        clock: seconds since the epoch.
        elapsed: a monotonic clock, in seconds.

    Attributes:
        on_change: called after the keys have changed.
    """

    def __init__(
        self,
        store: KeyStore,
        manager: KeyManager,
        policy: KeyPolicy,
        clock: Clock,
        elapsed: Clock = time.monotonic,
    ) -> None:
        self.on_change: Callable[[], None] = _nothing
        self._store = store
        self._key_manager = manager
        self._clock = clock
        self._elapsed = elapsed
        self._ring: Keyring | None = None
        self._failed: Exception | None = None
        self._loaded_at = float("-inf")
        # Twice within a new key's lead time, so every process knows the key before it signs.
        self._fresh_seconds = min(_FRESH_SECONDS, policy.lead / 2)
        # A JWK Set fetched just before a key was added must have expired when that key signs.
        self.max_age = min(_LONGEST_AGE, int(policy.lead - self._fresh_seconds))
        self._lock = process_lock()

    def signing_key(self) -> Key:
        """Return the active signing key.

        Raises:
            StoreUnavailable: if no keys have been loaded, or none of them is active.
        """
        ring, now = self._current(), self._clock()
        # If this machine's clock is behind, a key of another machine becomes active in a moment.
        active = ring.active(now) or ring.active(now + SLACK_SECONDS)
        if active is None:
            raise StoreUnavailable("no key signs at this time") from self._failed
        return active.key

    def verifying_keys(self) -> Sequence[Key]:
        """Return the keys that verify now.

        Raises:
            StoreUnavailable: if no keys have been loaded.
        """
        return self._cached().verifying_keys(self._clock())

    def published(self) -> Sequence[Key]:
        """Return the keys of the JWK Set.

        Raises:
            StoreUnavailable: if no keys have been loaded.
        """
        return self._current().published(self._clock())

    def refresh(self, kid: str) -> bool:
        """Load the keys again for an unknown key id, unless they were loaded a moment ago.

        Args:
            kid: the key id, which a client may have made up.

        Returns:
            Whether the key is known now, possibly loaded for another request.

        Raises:
            StoreUnavailable: if the store does not respond: the key may be new.
        """
        with self._lock():
            # After a failure the store is not asked more often than usual.
            self._load_if_due(_UNKNOWN_SECONDS if self._failed is None else None)
        if any(key.kid == kid for key in self.verifying_keys()):
            return True
        if self._failed is not None:
            raise StoreUnavailable("the keys cannot be read") from self._failed
        return False

    def reload(self) -> None:
        """Load the keys now, because this process has just changed them in the store."""
        with self._lock():
            self._loaded_at = float("-inf")
            self._load_if_due()

    def _current(self) -> Keyring:
        # One thread loads; the others use the cached keys, unless the last load was too long ago:
        # then another key may be active by now, and this one revoked.
        overdue = self._elapsed() - self._loaded_at - self._fresh_seconds
        lock = self._lock()
        if overdue >= 0 and lock.acquire(blocking=overdue >= _OVERDUE_SECONDS):
            try:
                self._load_if_due()
            finally:
                lock.release()
        return self._cached()

    def _cached(self) -> Keyring:
        if self._ring is None:
            with self._lock():
                self._load_if_due()
        if self._ring is None:
            raise StoreUnavailable("the keys cannot be read") from self._failed
        return self._ring

    def _load_if_due(self, max_age: float | None = None) -> None:
        """Load unless the keys are younger than a number of seconds, by default the usual one."""
        if self._elapsed() < self._loaded_at + (
            self._fresh_seconds if max_age is None else max_age
        ):
            return
        try:
            self._load()
        except (StoreUnavailable, DecryptionFailed) as error:
            if self._failed is None:
                _logger.error("Continuing with the cached signing keys: %s", error)
            self._failed = error
        else:
            self._failed = None
        self._loaded_at = self._elapsed()

    def _load(self) -> None:
        ring = self._ring
        if ring is not None and self._signs(ring):
            if self._store.version() == ring.version and not self._key_manager.rotate_if_due(ring):
                return
            ring = self._key_manager.load_decrypted()
        # At start-up; and after machines with different clocks have changed the keys at the same
        # time, each by its own clock, so that the key activated last has already expired.
        if ring is None or not self._signs(ring):
            self._key_manager.ensure_signing_key()
            ring = self._key_manager.load_decrypted()
        self._ring = ring
        self.on_change()

    def _signs(self, ring: Keyring) -> bool:
        return ring.active(self._clock() + SLACK_SECONDS) is not None


def _nothing() -> None:
    pass
