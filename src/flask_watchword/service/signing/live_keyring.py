"""The keys of a running service: read from the store, kept in memory, rotated when it is time."""

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

#: Seconds that a process goes on with the keys it has read, or after a store that did not answer.
_FRESH_SECONDS = 1.0
#: Seconds after a look within which a key that is not known is not looked for again: a login takes
#: longer, so a key that another process made at once, in the place of a stolen one, is found.
_UNKNOWN_SECONDS = 0.02
#: Seconds that a process may go on beyond that while another of its threads looks: longer than a
#: store that does not answer is waited for, and well within what clocks may differ.
_OVERDUE_SECONDS = 10.0

#: The most seconds that a JWK Set may be kept by whoever fetches it.
_LONGEST_AGE = 300

_logger = logging.getLogger(__name__)


class LiveKeyring:
    """A key source over a key store. It has no thread: whoever asks for keys looks after them.

    The store is asked for its version at most once in a while, more often where a token names a key
    that is not known, and for the keys where that is another one. While the store does not answer
    the keys in hand sign and verify; what cannot be told without it is answered by
    ``StoreUnavailable``, never by a guess.

    Args:
        store: where the keys are.
        manager: who rotates them when the schedule says so.
        policy: how long a key is published before it signs.
        clock: seconds since the epoch.
        elapsed: a clock in seconds that nobody sets back.

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
        self._looked_at = float("-inf")
        # Twice in the time that a key is published before it signs: so it is always known in time.
        self._fresh_seconds = min(_FRESH_SECONDS, policy.lead / 2)
        # Whoever keeps a set that was read just before a key came must have dropped it by then.
        self.max_age = min(_LONGEST_AGE, int(policy.lead - self._fresh_seconds))
        self._lock = process_lock()

    def signing_key(self) -> Key:
        """Return the key that signs now.

        Raises:
            StoreUnavailable: when no keys were ever read, or none of them signs.
        """
        ring, now = self._current(), self._clock()
        # By a clock that is behind, the key of another machine is about to begin.
        active = ring.active(now) or ring.active(now + SLACK_SECONDS)
        if active is None:
            raise StoreUnavailable("no key signs at this time") from self._failed
        return active.key

    def verifying_keys(self) -> Sequence[Key]:
        """Return the keys that verify now.

        Raises:
            StoreUnavailable: when no keys were ever read.
        """
        return self._held().verifying_keys(self._clock())

    def published(self) -> Sequence[Key]:
        """Return the keys of the JWK Set.

        Raises:
            StoreUnavailable: when no keys were ever read.
        """
        return self._current().published(self._clock())

    def refresh(self, kid: str) -> bool:
        """Look for a key that is not known, unless that was done a moment ago.

        Args:
            kid: its name, which may be a client's invention.

        Returns:
            Whether it is known now, perhaps since another request looked for it.

        Raises:
            StoreUnavailable: when that cannot be told: the key may be a new one.
        """
        with self._lock():
            # A store that did not answer is not asked more often for that.
            self._look_if_due(_UNKNOWN_SECONDS if self._failed is None else None)
        if any(key.kid == kid for key in self.verifying_keys()):
            return True
        if self._failed is not None:
            raise StoreUnavailable("the keys cannot be read") from self._failed
        return False

    def look_now(self) -> None:
        """Read the keys anew, for this process has just changed them in the store."""
        with self._lock():
            self._looked_at = float("-inf")
            self._look_if_due()

    def _current(self) -> Keyring:
        # One thread looks; the others go on with what is there meanwhile, unless nobody has looked
        # for long: then another key may sign by now, and this one be revoked.
        overdue = self._elapsed() - self._looked_at - self._fresh_seconds
        lock = self._lock()
        if overdue >= 0 and lock.acquire(blocking=overdue >= _OVERDUE_SECONDS):
            try:
                self._look_if_due()
            finally:
                lock.release()
        return self._held()

    def _held(self) -> Keyring:
        if self._ring is None:
            with self._lock():
                self._look_if_due()
        if self._ring is None:
            raise StoreUnavailable("the keys cannot be read") from self._failed
        return self._ring

    def _look_if_due(self, pause: float | None = None) -> None:
        """Look unless the last look was less than a pause ago; ``None`` is the usual one."""
        if self._elapsed() < self._looked_at + (self._fresh_seconds if pause is None else pause):
            return
        try:
            self._look()
        except (StoreUnavailable, DecryptionFailed) as error:
            if self._failed is None:
                _logger.error("Going on with the signing keys in hand: %s", error)
            self._failed = error
        else:
            self._failed = None
        self._looked_at = self._elapsed()

    def _look(self) -> None:
        ring = self._ring
        if ring is not None and self._signs(ring):
            if self._store.version() == ring.version and not self._key_manager.rotate_if_due(ring):
                return
            ring = self._key_manager.load_decrypted()
        # At the start, and after machines whose clocks differ have changed the keys in the same
        # moment, each by its own, so that the last key to begin has come to its end.
        if ring is None or not self._signs(ring):
            self._key_manager.ensure_signing_key()
            ring = self._key_manager.load_decrypted()
        self._ring = ring
        self.on_change()

    def _signs(self, ring: Keyring) -> bool:
        return ring.active(self._clock() + SLACK_SECONDS) is not None


def _nothing() -> None:
    pass
