"""Steps from one stored keyring to the next, and what there is to know on the way."""

from dataclasses import replace

from flask_watchword.jose.keyring import KeyEntry, Keyring, KeyState
from flask_watchword.keys.material import Material
from flask_watchword.keys.ring import with_changes
from flask_watchword.keys.store import StoredKey, StoredKeyring


class KeyRefused(Exception):
    """Something that cannot be done with this key; the message says why and what else can."""


class KeysChanged(KeyRefused):
    """Somebody else changed the keys at the same moment, and nothing was done."""


def kid_of(material: Material) -> str:
    """Return the name that a key is bound to."""
    if material.key.kid is None:
        raise KeyRefused("a key without a public part has no name")
    return material.key.kid


def state_of(ring: Keyring, kid: str, now: float) -> KeyState:
    """Return where a key of the store stands; one that nothing is left of is not in a keyring."""
    if all(entry.kid != kid for entry in ring.entries):
        return KeyState.RETIRED
    return ring.state(kid, now)


def waiting_in(ring: Keyring, now: float) -> KeyEntry | None:
    """Return the key that waits for its turn."""
    return next((entry for entry in ring.entries if entry.waits(now)), None)


def with_key(stored: StoredKeyring, key: StoredKey) -> StoredKeyring:
    """Return a keyring with one key more."""
    return replace(stored, keys=(*stored.keys, key))


def verifying_key(material: Material, now: float) -> StoredKey:
    """Return what a store holds of a key that only verifies."""
    jwk = dict(material.key.jwk or {})
    return StoredKey(kid_of(material), material.key.algorithm, jwk, None, now)


def with_end(stored: StoredKeyring, kid: str, until: float) -> StoredKeyring:
    """Return a keyring in which a key verifies until a time."""
    keys = (replace(k, verify_until=until) if k.kid == kid else k for k in stored.keys)
    return replace(stored, keys=tuple(keys))


def with_revocation(stored: StoredKeyring, ring: Keyring, kid: str, now: float) -> StoredKeyring:
    """Return a keyring in which a key is revoked, at the first such call."""
    state = state_of(ring, kid, now)
    if state is not KeyState.RETIRED:
        stored = with_changes(stored, ring, ring.revoked(kid, now))
    if state is KeyState.ACTIVE:
        stored = _without_older_signers(stored, ring, now)
    keys = (
        replace(k, revoked_at=now) if k.kid == kid and k.revoked_at is None else k
        for k in stored.keys
    )
    return replace(stored, keys=tuple(keys))


def _without_older_signers(stored: StoredKeyring, ring: Keyring, now: float) -> StoredKeyring:
    # By a clock that is behind, the key that comes next has not begun yet. There an older one
    # would sign until it has, and be given up before the tokens from that time have expired.
    keys = (
        replace(k, sealed=None) if state_of(ring, k.kid, now) is KeyState.RETIRING else k
        for k in stored.keys
    )
    return replace(stored, keys=tuple(keys))
