"""Between what a store holds and a keyring that signs and verifies."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from flask_watchword.jose.keyring import KeyEntry, Keyring, KeyState
from flask_watchword.jose.keys import Key
from flask_watchword.keys.encryption import DecryptionFailed, Encryptor
from flask_watchword.keys.policy import SLACK_SECONDS
from flask_watchword.keys.store import StoredKey, StoredKeyring

_NO_KEY = Key("none", lambda _message, _signature: False, lambda _message: b"")

#: Seconds that a key which is over is still listed.
REMEMBERED_SECONDS = 30 * 86_400.0


def context_of(kid: str, algorithm: str) -> str:
    """Return what a private part is bound to when it is sealed: it opens for no other key."""
    return f"signing-key:{algorithm}:{kid}"


def keyring_of(stored: StoredKeyring, seal: Encryptor) -> Keyring:
    """Return the keyring that a store holds.

    A key whose private part is gone, or does not open, only verifies in it. The latter is for
    whoever looks after keys when a master key is lost; whoever serves has asked
    :func:`refuse_other_master_key` before.
    """
    return Keyring(tuple(_entries(stored, seal)), version=stored.version)


def outline_of(stored: StoredKeyring) -> Keyring:
    """Return a keyring that tells where its keys stand, and in which none signs or verifies."""
    entries = (
        KeyEntry(k.kid, _NO_KEY, k.published_at, k.active_from, k.verify_until) for k in stored.keys
    )
    return Keyring(tuple(entries), version=stored.version)


def standing(stored: StoredKeyring, now: float) -> Sequence[tuple[StoredKey, str]]:
    """Return every key with where it stands, those that matter most first.

    That is the value of a ``KeyState``, or ``revoked``.
    """
    outline, order = outline_of(stored), list(KeyState)
    states = {key.kid: outline.state(key.kid, now) for key in stored.keys}
    keys = sorted(stored.keys, key=lambda k: (order.index(states[k.kid]), -k.published_at))
    return [(k, str(states[k.kid]) if k.revoked_at is None else "revoked") for k in keys]


def public_keys_of(stored: StoredKeyring, now: float) -> Sequence[Key]:
    """Return the keys of the JWK Set, for which no master key is needed."""
    return [
        Key.load(key.public_jwk, key.algorithm, kid=key.kid)
        for key in stored.keys
        if not _is_over(key, now)
    ]


def refuse_other_master_key(stored: StoredKeyring, seal: Encryptor, now: float) -> None:
    """Check that the private parts that are of use, now or later, can be opened.

    Raises:
        DecryptionFailed: when one cannot.
    """
    for key, sealed in private_parts(stored, now):
        seal.open(sealed, context_of(key.kid, key.algorithm))


def private_parts(stored: StoredKeyring, now: float) -> Iterator[tuple[StoredKey, bytes]]:
    """Yield the keys whose private part is of use, now or later, with that part as it is sealed."""
    newest = _newest_start(stored, now, now)
    for key in stored.keys:
        if key.sealed is not None and not _is_spent(key, newest, now):
            yield key, key.sealed


def with_changes(stored: StoredKeyring, before: Keyring, after: Keyring) -> StoredKeyring:
    """Return what a store holds once its keys begin and end as in ``after``."""
    then = {entry.kid: entry for entry in before.entries}
    now = {entry.kid: entry for entry in after.entries}
    keys = (_changed(k, then[k.kid], now[k.kid]) if k.kid in now else k for k in stored.keys)
    return replace(stored, keys=tuple(keys))


def tidied(stored: StoredKeyring, now: float) -> StoredKeyring:
    """Return what is worth keeping.

    A private part that will not sign any more is given up, so that nobody can steal it; and so
    is a key that has been over for long.
    """
    newest = _newest_start(stored, now - SLACK_SECONDS, now)
    kept = (
        replace(key, sealed=None) if _is_spent(key, newest, now) else key
        for key in stored.keys
        if key.verify_until is None or key.verify_until > now - REMEMBERED_SECONDS
    )
    return replace(stored, keys=tuple(kept))


def _newest_start(stored: StoredKeyring, by: float, now: float) -> float:
    begun = (
        key.active_from
        for key in stored.keys
        if key.active_from is not None and key.active_from <= by and not _is_over(key, now)
    )
    return max(begun, default=float("-inf"))


def _is_spent(key: StoredKey, newest: float, now: float) -> bool:
    if _is_over(key, now):
        return True
    return key.active_from is not None and key.active_from < newest


def _is_over(key: StoredKey, now: float) -> bool:
    return key.verify_until is not None and key.verify_until <= now


def _entries(stored: StoredKeyring, seal: Encryptor) -> Iterator[KeyEntry]:
    for key in stored.keys:
        loaded = _load(key, seal)
        begins = None if loaded.signer is None else key.active_from
        yield KeyEntry(key.kid, loaded, key.published_at, begins, key.verify_until)


def _load(key: StoredKey, seal: Encryptor) -> Key:
    if key.sealed is not None:
        with contextlib.suppress(DecryptionFailed):
            private = seal.open(key.sealed, context_of(key.kid, key.algorithm))
            return Key.load(private, key.algorithm, kid=key.kid)
    return Key.load(key.public_jwk, key.algorithm, kid=key.kid)


def _changed(key: StoredKey, before: KeyEntry, after: KeyEntry) -> StoredKey:
    # What did not change may stand in the store otherwise: a key without a private part has begun
    # at some time, and in a keyring it has not.
    if after.active_from != before.active_from:
        key = replace(key, active_from=after.active_from)
    return replace(key, verify_until=after.verify_until)
