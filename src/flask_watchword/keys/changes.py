"""Changes of a stored keyring, as pure functions: add a key, set its end, revoke it."""

from dataclasses import replace

from flask_watchword.jose.keyring import KeyEntry, Keyring, KeyState
from flask_watchword.keys.material import Material
from flask_watchword.keys.ring import with_changes
from flask_watchword.keys.store import StoredKey, StoredKeyring


class KeyOperationError(Exception):
    """The operation is not possible with this key; the message says why and what is."""


class KeyringConflict(KeyOperationError):
    """Another process changed the keys at the same time; nothing was done."""


def kid_of(material: Material) -> str:
    """Return the ``kid`` of a key.

    Raises:
        KeyOperationError: when it has none.
    """
    if material.key.kid is None:
        raise KeyOperationError("a key without a public part has no kid")
    return material.key.kid


def state_of(ring: Keyring, kid: str, now: float) -> KeyState:
    """Return the state of a stored key; one without any usable part is not in the keyring."""
    if all(entry.kid != kid for entry in ring.entries):
        return KeyState.RETIRED
    return ring.state(kid, now)


def pending_key(ring: Keyring, now: float) -> KeyEntry | None:
    """Return the key that is published and does not sign yet."""
    return next((entry for entry in ring.entries if entry.is_pending(now)), None)


def with_key(stored: StoredKeyring, key: StoredKey) -> StoredKeyring:
    """Return the keyring with one more key."""
    return replace(stored, keys=(*stored.keys, key))


def verification_key(material: Material, now: float) -> StoredKey:
    """Return the stored form of a key that only verifies."""
    jwk = dict(material.key.jwk or {})
    return StoredKey(kid_of(material), material.key.algorithm, jwk, None, now)


def with_end(stored: StoredKeyring, kid: str, verify_until: float) -> StoredKeyring:
    """Return the keyring with the time set at which a key stops verifying."""
    keys = (replace(k, verify_until=verify_until) if k.kid == kid else k for k in stored.keys)
    return replace(stored, keys=tuple(keys))


def with_revocation(stored: StoredKeyring, ring: Keyring, kid: str, now: float) -> StoredKeyring:
    """Return the keyring with a key revoked; revoking it again changes nothing."""
    state = state_of(ring, kid, now)
    if state is not KeyState.RETIRED:
        stored = with_changes(stored, ring, ring.revoked(kid, now))
    if state is KeyState.ACTIVE:
        stored = _without_older_private_keys(stored, ring, now)
    keys = (
        replace(k, revoked_at=now) if k.kid == kid and k.revoked_at is None else k
        for k in stored.keys
    )
    return replace(stored, keys=tuple(keys))


def _without_older_private_keys(stored: StoredKeyring, ring: Keyring, now: float) -> StoredKeyring:
    # On a machine whose clock is behind, the key that signs next has not started yet. An older key
    # would sign there until then, and be dropped before the tokens of that time have expired.
    keys = (
        replace(k, encrypted_private_key=None)
        if state_of(ring, k.kid, now) is KeyState.RETIRING
        else k
        for k in stored.keys
    )
    return replace(stored, keys=tuple(keys))
