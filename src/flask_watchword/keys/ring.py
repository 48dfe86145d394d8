"""Convert between the stored form of the keys and a keyring that signs and verifies."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from flask_watchword.jose.keyring import KeyEntry, Keyring, KeyState
from flask_watchword.jose.keys import Key
from flask_watchword.keys.encryption import DecryptionFailed, Encryptor
from flask_watchword.keys.policy import SLACK_SECONDS
from flask_watchword.keys.store import StoredKey, StoredKeyring

_NO_KEY = Key("none", lambda _message, _signature: False, lambda _message: b"")

#: Seconds for which a retired key stays in the list.
RETENTION_SECONDS = 30 * 86_400.0


def encryption_context(kid: str, algorithm: str) -> str:
    """Return the context a private key is encrypted for: it decrypts for no other key."""
    return f"signing-key:{algorithm}:{kid}"


def keyring_of(stored: StoredKeyring, encryptor: Encryptor) -> Keyring:
    """Return the keyring that a store holds.

    A key whose private key was dropped, or does not decrypt, only verifies in it. The second case
    is for administration after a master key was lost; a server calls :func:`check_decryptable`
    first.
    """
    return Keyring(tuple(_entries(stored, encryptor)), version=stored.version)


def public_outline(stored: StoredKeyring) -> Keyring:
    """Return a keyring that has the states of the keys and neither signs nor verifies."""
    entries = (
        KeyEntry(k.kid, _NO_KEY, k.published_at, k.active_from, k.verify_until) for k in stored.keys
    )
    return Keyring(tuple(entries), version=stored.version)


def keys_by_state(stored: StoredKeyring, now: float) -> Sequence[tuple[StoredKey, str]]:
    """Return every key with its state, ordered by state and then newest first.

    The state is the value of a ``KeyState``, or ``revoked``.
    """
    outline, order = public_outline(stored), list(KeyState)
    states = {key.kid: outline.state(key.kid, now) for key in stored.keys}
    keys = sorted(stored.keys, key=lambda k: (order.index(states[k.kid]), -k.published_at))
    return [(k, str(states[k.kid]) if k.revoked_at is None else "revoked") for k in keys]


def public_keys_of(stored: StoredKeyring, now: float) -> Sequence[Key]:
    """Return the keys of the JWK Set; this needs no master key."""
    return [
        Key.load(key.public_jwk, key.algorithm, kid=key.kid)
        for key in stored.keys
        if not _has_expired(key, now)
    ]


def check_decryptable(stored: StoredKeyring, encryptor: Encryptor, now: float) -> None:
    """Check that every private key that signs, now or later, can be decrypted.

    Raises:
        DecryptionFailed: when one cannot.
    """
    for key, encrypted in private_parts(stored, now):
        encryptor.decrypt(encrypted, encryption_context(key.kid, key.algorithm))


def private_parts(stored: StoredKeyring, now: float) -> Iterator[tuple[StoredKey, bytes]]:
    """Yield the keys that sign, now or later, each with its encrypted private key."""
    newest = _newest_start(stored, now, now)
    for key in stored.keys:
        if key.encrypted_private_key is not None and not _signs_no_more(key, newest, now):
            yield key, key.encrypted_private_key


def with_changes(stored: StoredKeyring, before: Keyring, after: Keyring) -> StoredKeyring:
    """Return the stored keyring with the changes between two keyrings applied."""
    old = {entry.kid: entry for entry in before.entries}
    new = {entry.kid: entry for entry in after.entries}
    keys = (_changed(k, old[k.kid], new[k.kid]) if k.kid in new else k for k in stored.keys)
    return replace(stored, keys=tuple(keys))


def cleaned_up(stored: StoredKeyring, now: float) -> StoredKeyring:
    """Return the keyring without what has become useless.

    A private key that will not sign again is dropped, so that it cannot be stolen; a key that
    retired :data:`RETENTION_SECONDS` ago is removed.
    """
    newest = _newest_start(stored, now - SLACK_SECONDS, now)
    kept = (
        replace(key, encrypted_private_key=None) if _signs_no_more(key, newest, now) else key
        for key in stored.keys
        if key.verify_until is None or key.verify_until > now - RETENTION_SECONDS
    )
    return replace(stored, keys=tuple(kept))


def _newest_start(stored: StoredKeyring, started_by: float, now: float) -> float:
    started = (
        key.active_from
        for key in stored.keys
        if key.active_from is not None
        and key.active_from <= started_by
        and not _has_expired(key, now)
    )
    return max(started, default=float("-inf"))


def _signs_no_more(key: StoredKey, newest: float, now: float) -> bool:
    if _has_expired(key, now):
        return True
    return key.active_from is not None and key.active_from < newest


def _has_expired(key: StoredKey, now: float) -> bool:
    return key.verify_until is not None and key.verify_until <= now


def _entries(stored: StoredKeyring, encryptor: Encryptor) -> Iterator[KeyEntry]:
    for key in stored.keys:
        loaded = _load(key, encryptor)
        active_from = None if loaded.signer is None else key.active_from
        yield KeyEntry(key.kid, loaded, key.published_at, active_from, key.verify_until)


def _load(key: StoredKey, encryptor: Encryptor) -> Key:
    if key.encrypted_private_key is not None:
        with contextlib.suppress(DecryptionFailed):
            context = encryption_context(key.kid, key.algorithm)
            private = encryptor.decrypt(key.encrypted_private_key, context)
            return Key.load(private, key.algorithm, kid=key.kid)
    return Key.load(key.public_jwk, key.algorithm, kid=key.kid)


def _changed(key: StoredKey, before: KeyEntry, after: KeyEntry) -> StoredKey:
    # Only what differs: the stored `active_from` of a key without a private key is set, and that of
    # its keyring entry is not.
    if after.active_from != before.active_from:
        key = replace(key, active_from=after.active_from)
    return replace(key, verify_until=after.verify_until)
