"""A keyring: keys that are published, sign, and go, each at its time, so that nobody notices.

Everything is decided by times that stand in the entries. So all processes that have the same
entries change from one key to the next at the same moment, and nothing has to run at that moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from flask_watchword.errors import InvalidKeyError
from flask_watchword.jose.keys import Key


class KeyState(StrEnum):
    """Where a key stands in its life."""

    #: Published and verifying, so that everybody knows it before it signs.
    NEXT = "next"
    #: Signs and verifies.
    ACTIVE = "active"
    #: Verifies what it has signed until the last of that has expired.
    RETIRING = "retiring"
    #: Does nothing any more.
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One key of a keyring.

    Attributes:
        kid: its name, and the key's own. A secret may have a name here and none of its own: then
            it serves every token of its algorithm.
        key: the key.
        published_at: when it was added, seconds since the epoch.
        active_from: when it begins to sign; ``None`` for a key that only verifies.
        verify_until: when it ceases to verify; ``None`` while no end is in sight.
    """

    kid: str
    key: Key
    published_at: float
    active_from: float | None = None
    verify_until: float | None = None

    def verifies(self, now: float) -> bool:
        """Tell whether tokens of this key are accepted."""
        return self.verify_until is None or now < self.verify_until

    def verifying_key(self) -> Key:
        """Return the key with the end that it has here."""
        return (
            self.key if self.verify_until is None else replace(self.key, ends_at=self.verify_until)
        )

    def has_started(self, now: float) -> bool:
        """Tell whether this key was to sign from now on or before."""
        return self.active_from is not None and self.active_from <= now

    def is_pending(self, now: float) -> bool:
        """Tell whether this key will sign, and does not yet."""
        return self.verifies(now) and self.active_from is not None and now < self.active_from


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of one issuer; a value that never changes.

    Attributes:
        entries: the keys, in the order they were added.
        version: counts the changes.
    """

    entries: tuple[KeyEntry, ...] = ()
    version: int = 0

    def __post_init__(self) -> None:
        """Check that each key has one name, and each name one key.

        Raises:
            InvalidKeyError: when not. Under two names a key would live on when one is revoked.
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
        """Return where a key stands at a time, in seconds since the epoch."""
        entry = self.entry(kid)
        if not entry.verifies(now):
            return KeyState.RETIRED
        if entry.is_pending(now):
            return KeyState.NEXT
        return KeyState.ACTIVE if entry is self.active(now) else KeyState.RETIRING

    def active(self, now: float) -> KeyEntry | None:
        """Return the entry whose key signs at a time; ``None`` where there is none.

        The one that began last. When that one was revoked none is: an older key verifies only
        until what it signed in its own time has expired.
        """
        begun = [entry for entry in self.entries if entry.has_started(now)]
        # Of two that begin at once the one that was added later.
        latest = max(reversed(begun), key=_beginning, default=None)
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

        The next one is among them: another machine's clock may be ahead of this one's. Each knows
        its end, since whoever verifies goes on with what it was given.
        """
        active = self.active(now)
        accepted = [entry for entry in reversed(self.entries) if entry.verifies(now)]
        accepted.sort(key=lambda entry: entry is not active)
        return [entry.verifying_key() for entry in accepted]

    def published(self, now: float) -> Sequence[Key]:
        """Return the keys of the JWK Set at a time: those that verify and have a public part."""
        return [key for key in self.verifying_keys(now) if key.jwk is not None]

    def rotated(self, kid: str, key: Key, now: float, lead: float, longest: float) -> "Keyring":
        """Return a keyring with a key that will sign instead of the active one.

        Args:
            kid: the new key's name.
            key: the new key.
            now: seconds since the epoch.
            lead: seconds that it is published before it signs; longer than anybody caches the
                JWK Set.
            longest: seconds that the longest-lived token may be accepted after it was signed.

        Raises:
            InvalidKeyError: when a key waits already, or the new one cannot be added.
        """
        for entry in self.entries:
            if entry.is_pending(now):
                raise InvalidKeyError(f"the key {entry.kid!r} is waiting to become active already")
        begins = now + lead
        return self._leaving(now, begins + longest)._adding(KeyEntry(kid, key, now, begins))

    def activated(self, kid: str, now: float, longest: float) -> "Keyring":
        """Return a keyring in which the key that waits signs from now on.

        Who has cached the JWK Set from before the key was in it will not know its tokens yet.

        Raises:
            InvalidKeyError: when the key does not wait.
        """
        if self.state(kid, now) is not KeyState.NEXT:
            raise InvalidKeyError(f"the key {kid!r} is not waiting to become active")
        ring = self._leaving(now, now + longest)._with(replace(self.entry(kid), active_from=now))
        return replace(ring, version=self.version + 1)

    def imported(
        self, kid: str, key: Key, now: float, verify_until: float | None = None
    ) -> "Keyring":
        """Return a keyring with a key that verifies only, for the tokens of an older issuer.

        Raises:
            InvalidKeyError: when it cannot be added.
        """
        return self._adding(KeyEntry(kid, key, now, verify_until=verify_until))

    def withdrawn(self, kid: str, now: float) -> "Keyring":
        """Return a keyring in which a key that does not sign has come to its end.

        Raises:
            InvalidKeyError: when it is the active key, without which nobody can log in, or when
                there is none.
        """
        if self.state(kid, now) is KeyState.ACTIVE:
            raise InvalidKeyError(f"the key {kid!r} is active; rotate first, or revoke it")
        return self._ended(kid, now)

    def revoked(self, kid: str, now: float) -> "Keyring":
        """Return a keyring in which a key that somebody stole has come to its end.

        A key that waits takes the place of the active one at once, since it is published already.
        Where none waits there is no active key afterwards, and the caller rotates with no lead.

        Raises:
            InvalidKeyError: when there is none.
        """
        was_active = self.state(kid, now) is KeyState.ACTIVE
        ring = self._ended(kid, now)
        waiting = [entry for entry in ring.entries if entry.is_pending(now)]
        if not (was_active and waiting):
            return ring
        return ring._with(replace(waiting[0], active_from=now))

    def _ended(self, kid: str, now: float) -> "Keyring":
        entry = self.entry(kid)
        if not entry.verifies(now):
            return self
        active, ring = self.active(now), replace(self, version=self.version + 1)
        if not entry.is_pending(now):
            return ring._with(replace(entry, verify_until=now))
        if active is not None:
            # Nothing takes its place any more, so it goes on without an end.
            ring = ring._with(replace(active, verify_until=None))
        return ring._with(replace(entry, active_from=None, verify_until=now))

    def _leaving(self, now: float, verify_until: float) -> "Keyring":
        active = self.active(now)
        return self if active is None else self._with(replace(active, verify_until=verify_until))

    def _adding(self, entry: KeyEntry) -> "Keyring":
        return Keyring((*self.entries, entry), self.version + 1)

    def _with(self, changed: KeyEntry) -> "Keyring":
        entries = tuple(changed if e.kid == changed.kid else e for e in self.entries)
        return replace(self, entries=entries)


def _beginning(entry: KeyEntry) -> float:
    return entry.active_from or 0.0


def _check_entry(entry: KeyEntry) -> None:
    nameless = entry.key.kid is None and entry.key.jwk is None
    if entry.key.kid != entry.kid and not nameless:
        raise InvalidKeyError(f"the key {entry.key.kid!r} stands in the keyring as {entry.kid!r}")
    if entry.active_from is not None and entry.key.signer is None:
        raise InvalidKeyError(f"the key {entry.kid!r} is to sign, but has no private part")
