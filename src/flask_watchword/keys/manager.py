"""Look after the keys of a store: the first one, rotation, import, and the end of a key."""

import contextlib
from dataclasses import replace

from flask_watchword.clock import Clock
from flask_watchword.jose.keyring import Keyring, KeyState
from flask_watchword.keys.changes import (
    KeyRefused,
    KeysChanged,
    kid_of,
    state_of,
    verifying_key,
    waiting_in,
    with_end,
    with_key,
    with_revocation,
)
from flask_watchword.keys.encryption import DecryptionFailed, Encryptor
from flask_watchword.keys.material import Material, new_material
from flask_watchword.keys.policy import SLACK_SECONDS, KeyPolicy
from flask_watchword.keys.ring import (
    context_of,
    keyring_of,
    refuse_other_master_key,
    tidied,
    with_changes,
)
from flask_watchword.keys.store import KeyStore, StoredKey, StoredKeyring


class KeyManager:
    """Changes the keys of one store; every change is one swap of the whole keyring.

    Of several who want the same at once one does it; the others find it done, or are told.

    Args:
        store: where the keys are.
        seal: what hides their private parts.
        policy: what new keys are.
        clock: seconds since the epoch.
    """

    def __init__(self, store: KeyStore, seal: Encryptor, policy: KeyPolicy, clock: Clock) -> None:
        self._store = store
        self._seal = seal
        self._policy = policy
        self._clock = clock

    def load(self) -> Keyring:
        """Return the keyring as it stands; keys that do not open only verify in it.

        Raises:
            StoreUnavailable: when the store does not answer.
        """
        return keyring_of(self._store.load(), self._seal)

    def opened(self) -> Keyring:
        """Return the keyring as it stands, every key of which that signs has opened.

        Raises:
            DecryptionFailed: when the keys are sealed under another master key.
            StoreUnavailable: when the store does not answer.
        """
        return self._opened()[1]

    def begin(self) -> None:
        """Make sure that a key signs, and that keys outlive the tokens of this policy.

        Raises:
            DecryptionFailed: when the keys are sealed under another master key.
            StoreUnavailable: when the store does not answer.
        """
        while True:
            stored, ring, now = self._opened()
            # By a clock that is behind, the first key of another machine is about to begin.
            is_signing = ring.active(now + SLACK_SECONDS) is not None
            if is_signing and stored.token_seconds >= self._policy.token:
                return
            changed = replace(stored, token_seconds=max(stored.token_seconds, self._policy.token))
            if not is_signing:
                changed = self._with_signer(changed, now)
            if self._store.swap(tidied(changed, now)):
                return

    def rotate(self, *, at_once: bool = False) -> str:
        """Publish a new key, which signs after the lead; return its ``kid``.

        Args:
            at_once: whether it signs from now on. So does then a key that waits already.

        Raises:
            KeyRefused: when a key waits already, or somebody else changed the keys meanwhile.
            DecryptionFailed: when the keys are sealed under another master key.
            StoreUnavailable: when the store does not answer.
        """
        stored, ring, now = self._opened()
        waiting = waiting_in(ring, now)
        if waiting is None:
            return self._add(stored, new_material(self._policy.algorithm), now, at_once=at_once)
        if not at_once:
            raise KeyRefused(f"{waiting.kid} is published already and waits for its turn")
        self._put(self._with_signer(stored, now), now)
        return waiting.kid

    def rotate_if_due(self, ring: Keyring) -> bool:
        """Rotate when the schedule says so of this keyring; return whether that was tried.

        Of several processes one rotates, and the others find it done.

        Raises:
            DecryptionFailed: when the keys are sealed under another master key.
            StoreUnavailable: when the store does not answer.
        """
        if not self._is_due(ring):
            return False
        with contextlib.suppress(KeyRefused):  # another process was faster
            self.rotate()
        return True

    def take_in(self, material: Material, *, at_once: bool = False) -> str:
        """Take in a key from elsewhere: one that can sign as the next, another to verify.

        Raises:
            KeyRefused: when it is here, when a key waits, or when the keys were changed meanwhile.
            InvalidKeyError: when it is here under another name.
            DecryptionFailed: when the keys are sealed under another master key.
            StoreUnavailable: when the store does not answer.
        """
        stored, ring, now = self._opened()
        kid = kid_of(material)
        if any(key.kid == kid for key in stored.keys):
            raise KeyRefused(f"{kid} is here already, and no key is taken in twice")
        if material.private is None:
            ring.imported(kid, material.key, now)  # which refuses what cannot stand there
            self._put(with_key(stored, verifying_key(material, now)), now)
            return kid
        waiting = waiting_in(ring, now)
        if waiting is not None:
            raise KeyRefused(f"{waiting.kid} waits for its turn already; one can be next")
        return self._add(stored, material, now, at_once=at_once)

    def retire(self, kid: str) -> None:
        """End a key that nobody needs: withdraw a next one, let one that only verifies run out.

        No token is refused by it.

        Raises:
            KeyRefused: when it is another kind of key, or the keys were changed meanwhile.
            StoreUnavailable: when the store does not answer.
        """
        stored, ring, now = self._known(kid)
        state = state_of(ring, kid, now)
        if state is KeyState.ACTIVE:
            raise KeyRefused(f"{kid} signs now; a rotation puts another key in its place")
        if state is KeyState.RETIRED:
            raise KeyRefused(f"{kid} has come to its end already")
        entry = ring.entry(kid)
        if entry.verify_until is not None:
            raise KeyRefused(f"{kid} ends by itself once its last token has expired")
        if state is KeyState.RETIRING:
            self._put(with_end(stored, kid, now + self._longest(stored)), now)
        elif (entry.active_from or now) - now < SLACK_SECONDS:
            raise KeyRefused(f"{kid} is about to sign; rotate once it does, or revoke it")
        else:
            self._put(with_changes(stored, ring, ring.withdrawn(kid, now)), now)

    def revoke(self, kid: str, *, unopened: bool = False) -> float:
        """End a key at once; where it signed, another signs from now on.

        Its tokens are refused by whoever reads the keyring again; the log of revocations, which
        is the caller's, tells the others. To revoke a key twice does no harm.

        Args:
            unopened: whether to go on although the keys are sealed under another master key,
                which is lost.

        Returns:
            When the last of its tokens has expired, seconds since the epoch.

        Raises:
            KeyRefused: when there is no such key.
            DecryptionFailed: when the keys are sealed under another master key.
            StoreUnavailable: when the store does not answer.
        """
        while True:
            stored, ring, now = self._known(kid)
            if not unopened:
                refuse_other_master_key(stored, self._seal, now)
            changed = with_revocation(stored, ring, kid, now)
            if keyring_of(changed, self._seal).active(now) is None:
                changed = self._with_signer(changed, now)
            if self._store.swap(tidied(changed, now)):
                return now + self._longest(stored)

    def reseal(self) -> int:
        """Seal the private parts under the first master key that are under another one.

        A key that signs no more is given up where none of the master keys opens it: its public
        part verifies.

        Returns:
            How many were sealed anew.

        Raises:
            DecryptionFailed: when one is of use and under a master key that is not there.
            StoreUnavailable: when the store does not answer.
        """
        while True:
            stored, _, now = self._opened()
            kept = tidied(stored, now).keys
            keys = tuple(map(self._resealed, kept))
            if keys == stored.keys or self._store.swap(replace(stored, keys=keys)):
                return sum(
                    new.sealed not in (None, old.sealed)
                    for new, old in zip(keys, kept, strict=True)
                )

    def _opened(self) -> tuple[StoredKeyring, Keyring, float]:
        stored, now = self._store.load(), self._clock()
        refuse_other_master_key(stored, self._seal, now)
        return stored, keyring_of(stored, self._seal), now

    def _known(self, kid: str) -> tuple[StoredKeyring, Keyring, float]:
        stored = self._store.load()
        if all(key.kid != kid for key in stored.keys):
            raise KeyRefused(f"there is no key {kid}")
        return stored, keyring_of(stored, self._seal), self._clock()

    def _is_due(self, ring: Keyring) -> bool:
        now = self._clock()
        active = ring.active(now)
        if active is None or not self._policy.rotation or waiting_in(ring, now) is not None:
            return False
        return now >= (active.active_from or now) + self._policy.rotation - self._policy.lead

    def _add(self, stored: StoredKeyring, material: Material, now: float, *, at_once: bool) -> str:
        nobody_signs = keyring_of(stored, self._seal).active(now) is None
        lead = 0.0 if at_once or nobody_signs else self._policy.lead
        self._put(self._with_key(stored, material, now, lead), now)
        return kid_of(material)

    def _put(self, changed: StoredKeyring, now: float) -> None:
        if not self._store.swap(tidied(changed, now)):
            raise KeysChanged("somebody else changed the keys at this moment; nothing was done")

    def _longest(self, stored: StoredKeyring) -> float:
        return max(stored.token_seconds, self._policy.token) + SLACK_SECONDS

    def _with_signer(self, stored: StoredKeyring, now: float) -> StoredKeyring:
        before = keyring_of(stored, self._seal)
        waiting = waiting_in(before, now)
        if waiting is None:
            return self._with_key(stored, new_material(self._policy.algorithm), now, 0.0)
        after = before.activated(waiting.kid, now, self._longest(stored))
        return with_changes(stored, before, after)

    def _with_key(
        self, stored: StoredKeyring, material: Material, now: float, lead: float
    ) -> StoredKeyring:
        kid = kid_of(material)
        before = keyring_of(stored, self._seal)
        after = before.rotated(kid, material.key, now, lead, self._longest(stored))
        new = StoredKey(
            kid=kid,
            algorithm=material.key.algorithm,
            public_jwk=dict(material.key.jwk or {}),
            sealed=self._sealed(kid, material.key.algorithm, material.private or b""),
            published_at=now,
            active_from=now + lead,
        )
        return with_key(with_changes(stored, before, after), new)

    def _resealed(self, key: StoredKey) -> StoredKey:
        if key.sealed is None or self._seal.is_current(key.sealed):
            return key
        try:
            private = self._seal.open(key.sealed, context_of(key.kid, key.algorithm))
        except DecryptionFailed:
            # It signed until less than a minute ago: of one that signs, now or later, it is known
            # that it opens. By a clock that is behind the key after it signs instead.
            return replace(key, sealed=None)
        return replace(key, sealed=self._sealed(key.kid, key.algorithm, private))

    def _sealed(self, kid: str, algorithm: str, private: bytes) -> bytes:
        return self._seal.seal(private, context_of(kid, algorithm))
