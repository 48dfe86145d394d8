"""The signing keys and the master key."""

import pytest

from flask_watchword.extension.checks.results import Level
from flask_watchword.keys.encryption import Encryptor
from flask_watchword.keys.manager import KeyManager
from flask_watchword.service.checks.keys import (
    check_master_key,
    check_missing_master_key,
    check_signing_key,
)
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.signing.signing_keys import key_policy
from tests.memory_stores.keys import MemoryKeyStore

DAY = 86_400.0
NOW = 1_700_000_000.0
SETTINGS = Settings()
ENCRYPTOR, OTHER = Encryptor([b"k" * 32]), Encryptor([b"o" * 32])


@pytest.fixture
def store() -> MemoryKeyStore:
    """Keys that begin to sign now."""
    made = MemoryKeyStore()
    KeyManager(made, ENCRYPTOR, key_policy(SETTINGS), lambda: NOW).ensure_signing_key()
    return made


def test_the_master_key_of_the_keys_is_fine_and_another_is_a_problem(store: MemoryKeyStore) -> None:
    stored = store.load()
    assert check_master_key(stored, ENCRYPTOR, NOW).level is Level.OK
    assert check_master_key(stored, OTHER, NOW).level is Level.PROBLEM


def test_before_the_first_start_there_is_neither_key_nor_master_key() -> None:
    stored = MemoryKeyStore().load()
    assert check_missing_master_key(None, is_needed=False).level is Level.OK
    assert check_signing_key(stored, SETTINGS, NOW).level is Level.OK


def test_the_key_that_signs_is_told_with_when_it_is_replaced(store: MemoryKeyStore) -> None:
    found = check_signing_key(store.load(), SETTINGS, NOW + DAY)
    assert found.level is Level.OK
    assert "replaced in 89 d, at " in found.says


def test_a_key_that_waits_is_told_with_when_it_begins(store: MemoryKeyStore) -> None:
    waiting = KeyManager(store, ENCRYPTOR, key_policy(SETTINGS), lambda: NOW).rotate()
    found = check_signing_key(store.load(), SETTINGS, NOW + 60)
    assert found.level is Level.OK
    assert f"replaced by {waiting} in 59 min" in found.says


def test_without_a_schedule_the_age_of_the_key_is_told(store: MemoryKeyStore) -> None:
    found = check_signing_key(store.load(), Settings(key_rotation_days=0), NOW + 400 * DAY)
    assert found.level is Level.OK
    assert "since 400 d" in found.says


@pytest.mark.parametrize(("days", "level"), [(90.5, Level.OK), (92, Level.WARNING)])
def test_a_rotation_that_nobody_has_done_is_told(
    store: MemoryKeyStore, days: float, level: Level
) -> None:
    assert check_signing_key(store.load(), SETTINGS, NOW + days * DAY).level is level


def test_that_no_key_signs_is_a_problem(store: MemoryKeyStore) -> None:
    manager = KeyManager(store, ENCRYPTOR, key_policy(SETTINGS), lambda: NOW)
    (key,) = store.load().keys
    manager.revoke(key.kid)
    stored = store.load()
    ended = type(stored)(stored.version, tuple(k for k in stored.keys if k.revoked_at is not None))
    assert check_signing_key(ended, SETTINGS, NOW + 1).level is Level.PROBLEM
