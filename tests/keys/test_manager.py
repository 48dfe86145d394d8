from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from flask_watchword.errors import InvalidKeyError
from flask_watchword.jose.jws import sign_compact, verify_compact
from flask_watchword.jose.keyring import KeyState
from flask_watchword.keys.changes import KeyOperationError, KeyringConflict
from flask_watchword.keys.encryption import DecryptionFailed, Encryptor
from flask_watchword.keys.manager import KeyManager
from flask_watchword.keys.material import Material, new_material, read_material
from flask_watchword.keys.policy import SLACK_SECONDS, KeyPolicy
from flask_watchword.keys.ring import RETENTION_SECONDS
from flask_watchword.keys.store import StoredKey, StoredKeyring
from tests.keys.conftest import DAY, HOUR, POLICY, HandClock
from tests.memory_stores.keys import MemoryKeyStore

OTHER = Encryptor([b"x" * 32])
LONGEST = POLICY.token + SLACK_SECONDS


class ReplacedConcurrently(MemoryKeyStore):
    """A store in which another process always changes the keyring first."""

    def swap(self, keyring: StoredKeyring) -> bool:
        return False


def active(manager: KeyManager, now: float) -> str:
    entry = manager.load().active(now)
    assert entry is not None
    return entry.kid


def key_of(store: MemoryKeyStore, kid: str) -> StoredKey:
    (key,) = [key for key in store.load().keys if key.kid == kid]
    return key


def public(material: Material) -> Material:
    return Material(replace(material.key, signer=None), None)


def test_new_store_gets_one_signing_key(manager: KeyManager, clock: HandClock) -> None:
    ring = manager.load()
    assert [ring.state(entry.kid, clock.now) for entry in ring.entries] == [KeyState.ACTIVE]
    token = sign_compact(b"{}", ring.signing_key(clock.now))
    assert verify_compact(token, ring.verifying_keys(clock.now))[0]["kid"] == ring.entries[0].kid


def test_ensuring_a_signing_key_again_changes_nothing(
    manager: KeyManager, store: MemoryKeyStore, encryptor: Encryptor, clock: HandClock
) -> None:
    before = store.load()
    manager.ensure_signing_key()
    assert store.load() == before


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "RS256"])
def test_keys_are_generated_for_the_algorithm_of_the_policy(
    store: MemoryKeyStore, encryptor: Encryptor, clock: HandClock, algorithm: str
) -> None:
    manager = KeyManager(store, encryptor, replace(POLICY, algorithm=algorithm), clock)
    manager.ensure_signing_key()
    signing = manager.load().signing_key(clock.now)
    assert signing.algorithm == algorithm
    token = sign_compact(b"{}", signing)
    assert verify_compact(token, manager.load().verifying_keys(clock.now))[0]["alg"] == algorithm


def test_one_of_many_concurrent_starts_creates_the_first_key(
    store: MemoryKeyStore, encryptor: Encryptor, clock: HandClock
) -> None:
    def begin(_: int) -> None:
        KeyManager(store, encryptor, POLICY, clock).ensure_signing_key()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(begin, range(24)))
    assert len(store.load().keys) == 1
    assert store.version() == 1


def test_first_key_of_a_machine_whose_clock_is_ahead_is_used(
    manager: KeyManager, store: MemoryKeyStore, clock: HandClock
) -> None:
    clock.now -= 30.0
    manager.ensure_signing_key()
    assert len(store.load().keys) == 1


def test_rotation_publishes_now_and_signs_after_the_lead_time(
    manager: KeyManager, clock: HandClock
) -> None:
    first = active(manager, clock.now)
    second = manager.rotate()
    ring = manager.load()
    assert {key.kid for key in ring.published(clock.now)} == {first, second}
    for moment, signing in ((HOUR - 1, first), (HOUR, second), (DAY, second)):
        assert active(manager, clock.now + moment) == signing


def test_old_key_verifies_until_its_last_token_has_expired(
    manager: KeyManager, clock: HandClock
) -> None:
    first = active(manager, clock.now)
    manager.rotate()
    last = clock.now + HOUR + LONGEST
    assert manager.load().state(first, last - 1.0) is KeyState.RETIRING
    assert manager.load().state(first, last) is KeyState.RETIRED


def test_second_rotation_is_rejected_while_a_key_is_pending(
    manager: KeyManager, store: MemoryKeyStore
) -> None:
    second = manager.rotate()
    before = store.load()
    with pytest.raises(KeyOperationError, match=f"{second} is published already"):
        manager.rotate()
    assert store.load() == before


def test_one_of_many_concurrent_rotations_creates_a_key(
    manager: KeyManager, store: MemoryKeyStore
) -> None:
    def rotated(_: int) -> bool:
        try:
            manager.rotate()
        except KeyOperationError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(rotated, range(24))).count(True) == 1
    assert len(store.load().keys) == 2


def test_key_of_an_immediate_rotation_signs_from_now_on(
    manager: KeyManager, clock: HandClock
) -> None:
    second = manager.rotate(at_once=True)
    assert active(manager, clock.now) == second


def test_immediate_rotation_activates_the_pending_key(
    manager: KeyManager, store: MemoryKeyStore, clock: HandClock
) -> None:
    first = active(manager, clock.now)
    waiting = manager.rotate()
    clock.now += 60.0
    assert manager.rotate(at_once=True) == waiting
    assert active(manager, clock.now) == waiting
    assert key_of(store, first).verify_until == clock.now + LONGEST
    assert len(store.load().keys) == 2


def test_conflicting_change_raises_and_changes_nothing(
    encryptor: Encryptor, clock: HandClock, manager: KeyManager, store: MemoryKeyStore
) -> None:
    late = ReplacedConcurrently()
    late._keyring = store.load()
    with pytest.raises(KeyringConflict):
        KeyManager(late, encryptor, POLICY, clock).rotate()
    hurried = KeyManager(late, encryptor, replace(POLICY, rotation=1.0), clock)
    assert hurried.rotate_if_due(manager.load())
    assert late.load() == store.load()


def test_longest_token_lifetime_so_far_decides_how_long_a_key_verifies(
    manager: KeyManager, store: MemoryKeyStore, encryptor: Encryptor, clock: HandClock
) -> None:
    first = active(manager, clock.now)
    KeyManager(store, encryptor, replace(POLICY, token=365 * DAY), clock).ensure_signing_key()
    # A command without that setting also rotates.
    manager.rotate()
    assert key_of(store, first).verify_until == clock.now + HOUR + 365 * DAY + SLACK_SECONDS


def test_schedule_rotates_early_enough_for_the_new_key_to_sign_on_time(
    manager: KeyManager, clock: HandClock
) -> None:
    began = clock.now
    first = active(manager, began)
    clock.now = began + POLICY.rotation - HOUR - 1.0
    assert not manager.rotate_if_due(manager.load())
    clock.now += 1.0
    assert manager.rotate_if_due(manager.load())
    assert not manager.rotate_if_due(manager.load())
    assert active(manager, began + POLICY.rotation - 1.0) == first
    assert active(manager, began + POLICY.rotation) != first


def test_without_a_schedule_keys_are_not_rotated(
    manager: KeyManager, store: MemoryKeyStore, encryptor: Encryptor, clock: HandClock
) -> None:
    clock.now += 10_000 * DAY
    resting = KeyManager(store, encryptor, replace(POLICY, rotation=0.0), clock)
    assert not resting.rotate_if_due(manager.load())


def test_imported_private_key_is_next_like_a_generated_one(
    manager: KeyManager, clock: HandClock
) -> None:
    material = new_material("ES256")
    assert manager.import_key(material) == material.key.kid
    assert manager.load().state(material.key.kid or "", clock.now) is KeyState.NEXT
    clock.now += HOUR
    token = sign_compact(b"{}", manager.load().signing_key(clock.now))
    assert verify_compact(token, [material.key])[0]["kid"] == material.key.kid


def test_imported_public_key_only_verifies(
    manager: KeyManager, store: MemoryKeyStore, clock: HandClock
) -> None:
    first, material = active(manager, clock.now), new_material("EdDSA")
    kid = manager.import_key(public(material))
    token = sign_compact(b"{}", material.key)
    assert verify_compact(token, manager.load().verifying_keys(clock.now))[0]["kid"] == kid
    assert active(manager, clock.now) == first
    assert key_of(store, kid).encrypted_private_key is None


def test_key_is_not_imported_twice(manager: KeyManager) -> None:
    material = public(new_material("EdDSA"))
    manager.import_key(material)
    with pytest.raises(KeyOperationError, match="here already"):
        manager.import_key(material)
    with pytest.raises(InvalidKeyError, match="under two kids"):
        manager.import_key(Material(material.key.with_kid("another"), None))


def test_private_key_is_not_imported_while_a_key_is_pending(manager: KeyManager) -> None:
    manager.rotate()
    with pytest.raises(KeyOperationError, match="is the next key already"):
        manager.import_key(new_material("EdDSA"))


def test_next_key_can_be_withdrawn_and_the_active_one_stays(
    manager: KeyManager, store: MemoryKeyStore, clock: HandClock
) -> None:
    first, second = active(manager, clock.now), manager.rotate()
    manager.retire(second)
    assert manager.load().state(second, clock.now) is KeyState.RETIRED
    assert key_of(store, first).verify_until is None
    assert active(manager, clock.now + 10 * HOUR) == first


def test_key_that_only_verifies_expires(
    manager: KeyManager, store: MemoryKeyStore, clock: HandClock
) -> None:
    kid = manager.import_key(public(new_material("EdDSA")))
    manager.retire(kid)
    assert key_of(store, kid).verify_until == clock.now + LONGEST


def test_key_of_valid_tokens_is_not_retired(manager: KeyManager, clock: HandClock) -> None:
    first, second = active(manager, clock.now), manager.rotate()
    with pytest.raises(KeyOperationError, match="signs now"):
        manager.retire(first)
    clock.now += HOUR - 1.0
    with pytest.raises(KeyOperationError, match="about to sign"):
        manager.retire(second)
    clock.now += 1.0
    with pytest.raises(KeyOperationError, match="retires by itself"):
        manager.retire(first)
    with pytest.raises(KeyOperationError, match="there is no key nobody"):
        manager.retire("nobody")


def test_revoked_active_key_is_replaced_at_once(
    manager: KeyManager, store: MemoryKeyStore, clock: HandClock
) -> None:
    stolen = active(manager, clock.now)
    clock.now += DAY
    manager.revoke(stolen)
    assert active(manager, clock.now) != stolen
    assert stolen not in {key.kid for key in manager.load().published(clock.now)}
    revoked = key_of(store, stolen)
    assert (revoked.verify_until, revoked.revoked_at, revoked.encrypted_private_key) == (
        clock.now,
    ) * 2 + (None,)


def test_revoking_the_active_key_activates_the_pending_one(
    manager: KeyManager, store: MemoryKeyStore, clock: HandClock
) -> None:
    stolen, waiting = active(manager, clock.now), manager.rotate()
    manager.revoke(stolen)
    assert active(manager, clock.now) == waiting
    assert len(store.load().keys) == 2


def test_revoking_a_pending_key_keeps_the_active_one(
    manager: KeyManager, store: MemoryKeyStore, clock: HandClock
) -> None:
    first, stolen = active(manager, clock.now), manager.rotate()
    manager.revoke(stolen)
    assert active(manager, clock.now + DAY) == first
    assert key_of(store, first).verify_until is None


def test_revocation_right_after_a_rotation_does_not_reactivate_an_older_key(
    manager: KeyManager, clock: HandClock
) -> None:
    first = active(manager, clock.now)
    stolen = manager.rotate(at_once=True)
    manager.revoke(stolen)
    assert active(manager, clock.now) not in (first, stolen)


def test_revocation_by_a_slow_clock_does_not_reactivate_an_older_key(
    manager: KeyManager, clock: HandClock
) -> None:
    stolen = manager.rotate()
    clock.now += 2 * HOUR
    manager.revoke(stolen)
    assert manager.load().active(clock.now - SLACK_SECONDS / 2) is None
    assert manager.load().active(clock.now) is not None


def test_revoking_twice_is_harmless(
    manager: KeyManager, store: MemoryKeyStore, clock: HandClock
) -> None:
    stolen = active(manager, clock.now)
    manager.revoke(stolen)
    before = key_of(store, stolen), active(manager, clock.now)
    clock.now += DAY
    manager.revoke(stolen)
    assert (key_of(store, stolen), active(manager, clock.now)) == before


def test_wrong_master_key_raises_and_changes_nothing(
    manager: KeyManager, store: MemoryKeyStore, clock: HandClock
) -> None:
    before = store.load()
    stranger = KeyManager(store, OTHER, replace(POLICY, token=999 * DAY), clock)
    for change in (
        stranger.ensure_signing_key,
        stranger.rotate,
        lambda: stranger.import_key(new_material("EdDSA")),
        lambda: stranger.revoke(before.keys[0].kid),
    ):
        with pytest.raises(DecryptionFailed):
            change()
    assert store.load() == before


def test_revocation_without_decryption_creates_a_new_signing_key(
    manager: KeyManager, store: MemoryKeyStore, clock: HandClock
) -> None:
    lost = active(manager, clock.now)
    newcomer = KeyManager(store, OTHER, POLICY, clock)
    newcomer.revoke(lost, without_decryption=True)
    newcomer.ensure_signing_key()
    assert active(newcomer, clock.now) != lost


def test_rotation_removes_the_need_for_an_old_master_key(
    manager: KeyManager, store: MemoryKeyStore, clock: HandClock
) -> None:
    both = KeyManager(store, Encryptor([b"x" * 32, b"m" * 32]), POLICY, clock)
    both.rotate()
    alone = KeyManager(store, OTHER, POLICY, clock)
    with pytest.raises(DecryptionFailed):
        alone.ensure_signing_key()
    clock.now += HOUR
    alone.ensure_signing_key()
    assert alone.load().signing_key(clock.now).kid == active(both, clock.now)


def test_private_key_that_will_not_sign_again_is_dropped(
    manager: KeyManager, store: MemoryKeyStore, clock: HandClock
) -> None:
    first = active(manager, clock.now)
    manager.rotate()
    assert key_of(store, first).encrypted_private_key is not None
    clock.now += HOUR + SLACK_SECONDS
    manager.rotate()
    assert key_of(store, first).encrypted_private_key is None
    assert key_of(store, first).active_from is not None
    assert manager.load().state(first, clock.now) is KeyState.RETIRING


def test_retired_key_is_listed_for_some_time_and_then_deleted(
    manager: KeyManager, store: MemoryKeyStore, clock: HandClock
) -> None:
    first = active(manager, clock.now)
    manager.revoke(first)
    clock.now += RETENTION_SECONDS - 1.0
    manager.rotate()
    assert key_of(store, first).revoked_at is not None
    clock.now += HOUR
    manager.rotate()
    assert first not in {key.kid for key in store.load().keys}


def test_store_never_contains_a_plain_private_key(
    store: MemoryKeyStore, encryptor: Encryptor, clock: HandClock
) -> None:
    manager = KeyManager(store, encryptor, POLICY, clock)
    manager.ensure_signing_key()
    material = new_material("ES256")
    manager.import_key(material)
    sealed = key_of(store, material.key.kid or "").encrypted_private_key or b""
    assert material.private is not None
    assert material.private not in sealed
    assert b"PRIVATE" not in sealed
    assert "d" not in (key_of(store, material.key.kid or "").public_jwk or {})


def test_private_key_does_not_decrypt_for_another_key(
    manager: KeyManager, store: MemoryKeyStore, clock: HandClock
) -> None:
    # Otherwise an attacker with write access to the database could make a chosen key sign.
    (key,) = store.load().keys
    swapped = replace(key, kid="another", public_jwk=dict(new_material("EdDSA").key.jwk or {}))
    store.swap(StoredKeyring(1, (swapped,), POLICY.token))
    with pytest.raises(DecryptionFailed):
        manager.ensure_signing_key()


def test_default_policy_rotates_after_90_days_with_an_hour_of_lead() -> None:
    assert (KeyPolicy().rotation, KeyPolicy().lead) == (90 * DAY, HOUR)


def test_material_is_not_shown() -> None:
    assert "PRIVATE" not in repr(new_material("EdDSA"))
    assert "PRIVATE" not in repr(read_material(new_material("EdDSA").private or b""))


def test_keys_are_reencrypted_with_the_first_master_key(
    manager: KeyManager, store: MemoryKeyStore, clock: HandClock
) -> None:
    signing = active(manager, clock.now)
    new = b"n" * 32
    exchanging = KeyManager(store, Encryptor([new, b"m" * 32]), POLICY, clock)
    assert exchanging.reencrypt() == 1
    assert exchanging.reencrypt() == 0
    after = KeyManager(store, Encryptor([new]), POLICY, clock)
    assert active(after, clock.now) == signing
    assert after.load_decrypted().signing_key(clock.now).kid == signing
    with pytest.raises(DecryptionFailed):
        manager.load_decrypted()


def test_keys_under_an_unknown_master_key_are_kept(
    manager: KeyManager, store: MemoryKeyStore, clock: HandClock
) -> None:
    before = store.load()
    with pytest.raises(DecryptionFailed):
        KeyManager(store, OTHER, POLICY, clock).reencrypt()
    assert store.load() == before


@pytest.mark.parametrize("later", [0.0, HOUR])
def test_replaced_key_under_a_lost_master_key_only_verifies(
    manager: KeyManager, store: MemoryKeyStore, clock: HandClock, later: float
) -> None:
    former = manager.load().signing_key(clock.now)
    token = sign_compact(b"{}", former)
    new = b"n" * 32
    clock.now += DAY
    current = KeyManager(store, Encryptor([new, b"m" * 32]), POLICY, clock).rotate(at_once=True)
    clock.now += later
    alone = KeyManager(store, Encryptor([new]), POLICY, clock)
    assert alone.reencrypt() == 0
    assert key_of(store, former.kid or "").encrypted_private_key is None
    assert active(alone, clock.now) == current
    assert verify_compact(token, alone.load().verifying_keys(clock.now))
