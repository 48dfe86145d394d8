"""Manage the keys of a store: first key, rotation, import, retirement, revocation."""

import contextlib
from dataclasses import replace

from flask_watchword.clock import Clock
from flask_watchword.jose.keyring import Keyring, KeyState
from flask_watchword.keys.changes import (
    KeyOperationError,
    KeyringConflict,
    kid_of,
    pending_key,
    state_of,
    verification_key,
    with_end,
    with_key,
    with_revocation,
)
from flask_watchword.keys.encryption import DecryptionFailed, Encryptor
from flask_watchword.keys.material import Material, new_material
from flask_watchword.keys.policy import SLACK_SECONDS, KeyPolicy
from flask_watchword.keys.ring import (
    check_decryptable,
    cleaned_up,
    encryption_context,
    keyring_of,
    with_changes,
)
from flask_watchword.keys.store import KeyStore, StoredKey, StoredKeyring


class KeyManager:
    """Change the keys of one store; every change is one compare-and-swap of the whole keyring.

    When several processes make the same change at once, one of them does it. The others find it
    done, or raise :class:`KeyringConflict`.

    Args:
        store: where the keys are stored.
        encryptor: encrypts the private keys.
        policy: how new keys are made and when.
        clock: seconds since the epoch.
    """

    def __init__(
        self, store: KeyStore, encryptor: Encryptor, policy: KeyPolicy, clock: Clock
    ) -> None:
        self._store = store
        self._encryptor = encryptor
        self._policy = policy
        self._clock = clock

    def load(self) -> Keyring:
        """Return the current keyring; a key that cannot be decrypted only verifies in it.

        Raises:
            StoreUnavailable: when the store does not respond.
        """
        return keyring_of(self._store.load(), self._encryptor)

    def load_decrypted(self) -> Keyring:
        """Return the current keyring after checking that every signing key can be decrypted.

        Raises:
            DecryptionFailed: when the keys are encrypted with another master key.
            StoreUnavailable: when the store does not respond.
        """
        return self._load_decrypted()[1]

    def ensure_signing_key(self) -> None:
        """Ensure that a key signs, and that keys outlive the tokens of this policy.

        Raises:
            DecryptionFailed: when the keys are encrypted with another master key.
            StoreUnavailable: when the store does not respond.
        """
        while True:
            stored, ring, now = self._load_decrypted()
            # On a machine whose clock is behind, the first key of another one starts in a moment.
            has_signer = ring.active(now + SLACK_SECONDS) is not None
            if has_signer and stored.token_seconds >= self._policy.token:
                return
            changed = replace(stored, token_seconds=max(stored.token_seconds, self._policy.token))
            if not has_signer:
                changed = self._with_signer(changed, now)
            if self._store.swap(cleaned_up(changed, now)):
                return

    def rotate(self, *, at_once: bool = False) -> str:
        """Publish a new key, which signs after the lead time; return its ``kid``.

        Args:
            at_once: whether it signs immediately. A key that is pending does so then, too.

        Raises:
            KeyOperationError: when a key is pending, or another process changed the keys.
            DecryptionFailed: when the keys are encrypted with another master key.
            StoreUnavailable: when the store does not respond.
        """
        stored, ring, now = self._load_decrypted()
        pending = pending_key(ring, now)
        if pending is None:
            return self._add(stored, new_material(self._policy.algorithm), now, at_once=at_once)
        if not at_once:
            raise KeyOperationError(f"{pending.kid} is published already and does not sign yet")
        self._swap(self._with_signer(stored, now), now)
        return pending.kid

    def rotate_if_due(self, ring: Keyring) -> bool:
        """Rotate if the schedule requires it for this keyring; return whether it was attempted.

        Of several processes one rotates, and the others find it done.

        Raises:
            DecryptionFailed: when the keys are encrypted with another master key.
            StoreUnavailable: when the store does not respond.
        """
        if not self._is_due(ring):
            return False
        with contextlib.suppress(KeyOperationError):  # another process was faster
            self.rotate()
        return True

    def import_key(self, material: Material, *, at_once: bool = False) -> str:
        """Import a key and return its ``kid``: a private key signs next, a public one verifies.

        Args:
            material: the key.
            at_once: whether a private key signs immediately, without the lead time.

        Raises:
            KeyOperationError: when the store has it, when a key is pending, or when another process
                changed the keys.
            InvalidKeyError: when the store has it under another ``kid``.
            DecryptionFailed: when the keys are encrypted with another master key.
            StoreUnavailable: when the store does not respond.
        """
        stored, ring, now = self._load_decrypted()
        kid = kid_of(material)
        if any(key.kid == kid for key in stored.keys):
            raise KeyOperationError(f"{kid} is here already: a key cannot be imported twice")
        if material.private is None:
            ring.imported(kid, material.key, now)  # raises when the keyring cannot have it
            self._swap(with_key(stored, verification_key(material, now)), now)
            return kid
        pending = pending_key(ring, now)
        if pending is not None:
            raise KeyOperationError(f"{pending.kid} is the next key already; there can be only one")
        return self._add(stored, material, now, at_once=at_once)

    def retire(self, kid: str) -> None:
        """End an unused key: withdraw a pending one, or set the end of one that only verifies.

        No valid token is rejected because of it.

        Raises:
            KeyOperationError: when the key is in another state, or another process changed the
                keys.
            StoreUnavailable: when the store does not respond.
        """
        stored, ring, now = self._load_with(kid)
        state = state_of(ring, kid, now)
        if state is KeyState.ACTIVE:
            raise KeyOperationError(f"{kid} signs now; a rotation puts another key in its place")
        if state is KeyState.RETIRED:
            raise KeyOperationError(f"{kid} is retired already")
        entry = ring.entry(kid)
        if entry.verify_until is not None:
            raise KeyOperationError(f"{kid} retires by itself once its last token has expired")
        if state is KeyState.RETIRING:
            self._swap(with_end(stored, kid, now + self._verification_seconds(stored)), now)
        elif (entry.active_from or now) - now < SLACK_SECONDS:
            raise KeyOperationError(f"{kid} is about to sign; rotate once it does, or revoke it")
        else:
            self._swap(with_changes(stored, ring, ring.withdrawn(kid, now)), now)

    def revoke(self, kid: str, *, without_decryption: bool = False) -> float:
        """End a key at once; if it signed, another key signs from now on.

        A process rejects its tokens once it reads the keyring again. The caller also logs a
        revocation, which reaches the other processes. Revoking a key twice is harmless.

        Args:
            kid: the key.
            without_decryption: whether to continue although the keys are encrypted with another
                master key, which is lost.

        Returns:
            When the last of its tokens expires, seconds since the epoch.

        Raises:
            KeyOperationError: when there is no such key.
            DecryptionFailed: when the keys are encrypted with another master key.
            StoreUnavailable: when the store does not respond.
        """
        while True:
            stored, ring, now = self._load_with(kid)
            if not without_decryption:
                check_decryptable(stored, self._encryptor, now)
            changed = with_revocation(stored, ring, kid, now)
            if keyring_of(changed, self._encryptor).active(now) is None:
                changed = self._with_signer(changed, now)
            if self._store.swap(cleaned_up(changed, now)):
                return now + self._verification_seconds(stored)

    def reencrypt(self) -> int:
        """Encrypt with the first master key every private key that is under another one.

        The private key of a key that does not sign any more is dropped when none of the master
        keys decrypts it: its public key verifies.

        Returns:
            How many were re-encrypted.

        Raises:
            DecryptionFailed: when one that signs is encrypted with a master key that is missing.
            StoreUnavailable: when the store does not respond.
        """
        while True:
            stored, _, now = self._load_decrypted()
            kept = cleaned_up(stored, now).keys
            keys = tuple(map(self._reencrypted, kept))
            if keys == stored.keys or self._store.swap(replace(stored, keys=keys)):
                return sum(
                    new.encrypted_private_key not in (None, old.encrypted_private_key)
                    for new, old in zip(keys, kept, strict=True)
                )

    def _load_decrypted(self) -> tuple[StoredKeyring, Keyring, float]:
        stored, now = self._store.load(), self._clock()
        check_decryptable(stored, self._encryptor, now)
        return stored, keyring_of(stored, self._encryptor), now

    def _load_with(self, kid: str) -> tuple[StoredKeyring, Keyring, float]:
        stored = self._store.load()
        if all(key.kid != kid for key in stored.keys):
            raise KeyOperationError(f"there is no key {kid}")
        return stored, keyring_of(stored, self._encryptor), self._clock()

    def _is_due(self, ring: Keyring) -> bool:
        now = self._clock()
        active = ring.active(now)
        if active is None or not self._policy.rotation or pending_key(ring, now) is not None:
            return False
        return now >= (active.active_from or now) + self._policy.rotation - self._policy.lead

    def _add(self, stored: StoredKeyring, material: Material, now: float, *, at_once: bool) -> str:
        has_signer = keyring_of(stored, self._encryptor).active(now) is not None
        lead = self._policy.lead if has_signer and not at_once else 0.0
        self._swap(self._with_signing_key(stored, material, now, lead), now)
        return kid_of(material)

    def _swap(self, changed: StoredKeyring, now: float) -> None:
        if not self._store.swap(cleaned_up(changed, now)):
            raise KeyringConflict(
                "another process changed the keys at the same time; nothing was done"
            )

    def _verification_seconds(self, stored: StoredKeyring) -> float:
        return max(stored.token_seconds, self._policy.token) + SLACK_SECONDS

    def _with_signer(self, stored: StoredKeyring, now: float) -> StoredKeyring:
        """Return the keyring with a key that signs now: the pending one, or else a new one."""
        before = keyring_of(stored, self._encryptor)
        pending = pending_key(before, now)
        if pending is None:
            return self._with_signing_key(stored, new_material(self._policy.algorithm), now, 0.0)
        after = before.activated(pending.kid, now, self._verification_seconds(stored))
        return with_changes(stored, before, after)

    def _with_signing_key(
        self, stored: StoredKeyring, material: Material, now: float, lead: float
    ) -> StoredKeyring:
        kid = kid_of(material)
        before = keyring_of(stored, self._encryptor)
        after = before.rotated(kid, material.key, now, lead, self._verification_seconds(stored))
        new = StoredKey(
            kid=kid,
            algorithm=material.key.algorithm,
            public_jwk=dict(material.key.jwk or {}),
            encrypted_private_key=self._encrypt(
                kid, material.key.algorithm, material.private or b""
            ),
            published_at=now,
            active_from=now + lead,
        )
        return with_key(with_changes(stored, before, after), new)

    def _reencrypted(self, key: StoredKey) -> StoredKey:
        encrypted = key.encrypted_private_key
        if encrypted is None or self._encryptor.is_under_current_key(encrypted):
            return key
        try:
            private = self._encryptor.decrypt(encrypted, encryption_context(key.kid, key.algorithm))
        except DecryptionFailed:
            # It stopped signing less than SLACK_SECONDS ago: a key that signs, now or later, was
            # just decrypted. On a machine whose clock is behind, its successor signs instead.
            return replace(key, encrypted_private_key=None)
        reencrypted = self._encrypt(key.kid, key.algorithm, private)
        return replace(key, encrypted_private_key=reencrypted)

    def _encrypt(self, kid: str, algorithm: str, private: bytes) -> bytes:
        return self._encryptor.encrypt(private, encryption_context(kid, algorithm))
