"""A keyring: keys that are published, sign and retire on schedule, so that no token is rejected.

The times in the entries decide everything. All processes with the same entries therefore switch
from one key to the next at the same time, and nothing has to run at that time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from flask_watchword.errors import InvalidKeyError
from flask_watchword.jose.keys import Key


class KeyState(StrEnum):
    """The state of a key."""

    #: Published and verifies, so that every client knows it before it signs.
    NEXT = "next"
    #: Signs and verifies.
    ACTIVE = "active"
    #: Verifies until the last token that it signed has expired.
    RETIRING = "retiring"
    #: Neither signs nor verifies.
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One key of a keyring.

    Attributes:
        kid: the key id. A secret may have one here and none in ``key``: then it verifies every
            token of its algorithm.
        key: the key.
        published_at: when it was added. Times are seconds since the epoch.
        active_from: when it starts to sign; ``None`` for a key that only verifies.
        verify_until: when it stops verifying; ``None`` while no end is set.
    """

    kid: str
    key: Key
    published_at: float
    active_from: float | None = None
    verify_until: float | None = None

    def verifies(self, now: float) -> bool:
        """Tell whether tokens signed with this key are accepted."""
        return self.verify_until is None or now < self.verify_until

    def verifying_key(self) -> Key:
        """Return the key with the end of this entry."""
        return (
            self.key if self.verify_until is None else replace(self.key, ends_at=self.verify_until)
        )

    def has_started(self, now: float) -> bool:
        """Tell whether the time at which this key starts to sign has come."""
        return self.active_from is not None and self.active_from <= now

    def is_pending(self, now: float) -> bool:
        """Tell whether this key will sign and does not sign yet."""
        return self.verifies(now) and self.active_from is not None and now < self.active_from


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of one issuer; immutable.

    Attributes:
        entries: the keys, in the order in which they were added.
        version: increases with each change.
    """

    entries: tuple[KeyEntry, ...] = ()
    version: int = 0

    def __post_init__(self) -> None:
        """Check that each key has one ``kid``, and each ``kid`` one key.

        Raises:
            InvalidKeyError: when not. A key with two ids would stay valid when one is revoked.
        """
        for position, entry in enumerate(self.entries):
            _check_entry(entry)
            for other in self.entries[:position]:
                if entry.kid == other.kid:
                    raise InvalidKeyError(f"the keyring has two keys with the kid {entry.kid!r}")
                if entry.key.jwk is not None and entry.key.jwk == other.key.jwk:
                    raise InvalidKeyError(
                        f"{other.kid!r} and {entry.kid!r} are one key under two kids"
                    )

    def entry(self, kid: str) -> KeyEntry:
        """Return the entry of a key.

        Raises:
            InvalidKeyError: when there is none.
        """
        for entry in self.entries:
            if entry.kid == kid:
                return entry
        raise InvalidKeyError(f"there is no key {kid!r} in the keyring")

    def state(self, kid: str, now: float) -> KeyState:
        """Return the state of a key at a time, in seconds since the epoch."""
        entry = self.entry(kid)
        if not entry.verifies(now):
            return KeyState.RETIRED
        if entry.is_pending(now):
            return KeyState.NEXT
        return KeyState.ACTIVE if entry is self.active(now) else KeyState.RETIRING

    def active(self, now: float) -> KeyEntry | None:
        """Return the entry whose key signs at a time; ``None`` if there is none.

        It is the key that started to sign last. If that key was revoked, no key signs: an older key
        only verifies, until the tokens that it signed have expired.
        """
        started = [entry for entry in self.entries if entry.has_started(now)]
        # Of two that start at the same time the one that was added later.
        latest = max(reversed(started), key=_start, default=None)
        return latest if latest is not None and latest.verifies(now) else None

    def signing_key(self, now: float) -> Key:
        """Return the key that signs at a time.

        Raises:
            InvalidKeyError: when there is none.
        """
        active = self.active(now)
        if active is None:
            raise InvalidKeyError("the keyring has no active key; rotate to make one")
        return active.key

    def verifying_keys(self, now: float) -> Sequence[Key]:
        """Return the keys whose tokens are accepted at a time, the active one first.

        This includes the next one: another machine's clock may be ahead of this one's. Each key has
        its end set, because a decoder keeps using the keys that it was given.
        """
        active = self.active(now)
        accepted = [entry for entry in reversed(self.entries) if entry.verifies(now)]
        accepted.sort(key=lambda entry: entry is not active)
        return [entry.verifying_key() for entry in accepted]

    def published(self, now: float) -> Sequence[Key]:
        """Return the keys of the JWK Set at a time: those that verify and have a public part."""
        return [key for key in self.verifying_keys(now) if key.jwk is not None]

    def rotated(
        self, kid: str, key: Key, now: float, lead: float, token_seconds: float
    ) -> "Keyring":
        """Return the keyring with a new key that will replace the active one.

        Args:
            kid: the key id of the new key.
            key: the new key.
            now: seconds since the epoch.
            lead: seconds for which it is published before it signs; longer than any client caches
                the JWK Set.
            token_seconds: the longest time for which a token is accepted after it was signed.

        Raises:
            InvalidKeyError: when another key is pending, or the new one cannot be added.
        """
        for entry in self.entries:
            if entry.is_pending(now):
                raise InvalidKeyError(f"the key {entry.kid!r} is waiting to become active already")
        start = now + lead
        new = KeyEntry(kid, key, now, start)
        return self._retiring_active(now, start + token_seconds)._with_new(new)

    def activated(self, kid: str, now: float, token_seconds: float) -> "Keyring":
        """Return the keyring with the pending key signing from now on.

        A client that cached the JWK Set before the key was published rejects its tokens at first.

        Raises:
            InvalidKeyError: when the key is not pending.
        """
        if self.state(kid, now) is not KeyState.NEXT:
            raise InvalidKeyError(f"the key {kid!r} is not waiting to become active")
        entry = replace(self.entry(kid), active_from=now)
        ring = self._retiring_active(now, now + token_seconds)._with_changed(entry)
        return replace(ring, version=self.version + 1)

    def imported(
        self, kid: str, key: Key, now: float, verify_until: float | None = None
    ) -> "Keyring":
        """Return the keyring with a key that only verifies, for tokens of a former issuer.

        Raises:
            InvalidKeyError: when it cannot be added.
        """
        return self._with_new(KeyEntry(kid, key, now, verify_until=verify_until))

    def withdrawn(self, kid: str, now: float) -> "Keyring":
        """Return the keyring with a key ended that does not sign.

        Raises:
            InvalidKeyError: when it is the active key, which is needed for logins, or unknown.
        """
        if self.state(kid, now) is KeyState.ACTIVE:
            raise InvalidKeyError(f"the key {kid!r} is active; rotate first, or revoke it")
        return self._ended(kid, now)

    def revoked(self, kid: str, now: float) -> "Keyring":
        """Return the keyring with a compromised key ended.

        A pending key replaces the active one at once, because it is published already. Without one
        there is no active key afterwards, and the caller rotates without a lead time.

        Raises:
            InvalidKeyError: when the key is unknown.
        """
        was_active = self.state(kid, now) is KeyState.ACTIVE
        ring = self._ended(kid, now)
        pending = [entry for entry in ring.entries if entry.is_pending(now)]
        if not (was_active and pending):
            return ring
        return ring._with_changed(replace(pending[0], active_from=now))

    def _ended(self, kid: str, now: float) -> "Keyring":
        entry = self.entry(kid)
        if not entry.verifies(now):
            return self
        active, ring = self.active(now), replace(self, version=self.version + 1)
        if not entry.is_pending(now):
            return ring._with_changed(replace(entry, verify_until=now))
        if active is not None:
            # Nothing replaces the active key any more, so it has no end.
            ring = ring._with_changed(replace(active, verify_until=None))
        return ring._with_changed(replace(entry, active_from=None, verify_until=now))

    def _retiring_active(self, now: float, verify_until: float) -> "Keyring":
        active = self.active(now)
        return (
            self
            if active is None
            else self._with_changed(replace(active, verify_until=verify_until))
        )

    def _with_new(self, entry: KeyEntry) -> "Keyring":
        return Keyring((*self.entries, entry), self.version + 1)

    def _with_changed(self, changed: KeyEntry) -> "Keyring":
        entries = tuple(changed if e.kid == changed.kid else e for e in self.entries)
        return replace(self, entries=entries)


def _start(entry: KeyEntry) -> float:
    return entry.active_from or 0.0


def _check_entry(entry: KeyEntry) -> None:
    nameless = entry.key.kid is None and entry.key.jwk is None
    if entry.key.kid != entry.kid and not nameless:
        raise InvalidKeyError(f"the key {entry.key.kid!r} is in the keyring as {entry.kid!r}")
    if entry.active_from is not None and entry.key.signer is None:
        raise InvalidKeyError(f"the key {entry.kid!r} is to sign, but has no private part")
