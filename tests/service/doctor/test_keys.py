"""Checks of the signing keys and the master key."""

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
    """Keys that start to sign now."""
    made = MemoryKeyStore()
    KeyManager(made, ENCRYPTOR, key_policy(SETTINGS), lambda: NOW).ensure_signing_key()
    return made


def test_matching_master_key_is_fine_and_another_is_a_problem(store: MemoryKeyStore) -> None:
    stored = store.load()
    assert check_master_key(stored, ENCRYPTOR, NOW).level is Level.OK
    assert check_master_key(stored, OTHER, NOW).level is Level.PROBLEM


def test_before_the_first_start_no_key_and_no_master_key_are_expected() -> None:
    stored = MemoryKeyStore().load()
    assert check_missing_master_key(None, is_needed=False).level is Level.OK
    assert check_signing_key(stored, SETTINGS, NOW).level is Level.OK


def test_active_key_is_reported_with_its_replacement_time(store: MemoryKeyStore) -> None:
    found = check_signing_key(store.load(), SETTINGS, NOW + DAY)
    assert found.level is Level.OK
    assert "replaced in 89 d, at " in found.says


def test_next_key_is_reported_with_its_start_time(store: MemoryKeyStore) -> None:
    waiting = KeyManager(store, ENCRYPTOR, key_policy(SETTINGS), lambda: NOW).rotate()
    found = check_signing_key(store.load(), SETTINGS, NOW + 60)
    assert found.level is Level.OK
    assert f"replaced by {waiting} in 59 min" in found.says


def test_without_a_schedule_the_age_of_the_active_key_is_reported(store: MemoryKeyStore) -> None:
    found = check_signing_key(store.load(), Settings(key_rotation_days=0), NOW + 400 * DAY)
    assert found.level is Level.OK
    assert "since 400 d" in found.says


@pytest.mark.parametrize(("days", "level"), [(90.5, Level.OK), (92, Level.WARNING)])
def test_overdue_rotation_is_reported(store: MemoryKeyStore, days: float, level: Level) -> None:
    assert check_signing_key(store.load(), SETTINGS, NOW + days * DAY).level is level


def test_missing_active_key_is_a_problem(store: MemoryKeyStore) -> None:
    manager = KeyManager(store, ENCRYPTOR, key_policy(SETTINGS), lambda: NOW)
    (key,) = store.load().keys
    manager.revoke(key.kid)
    stored = store.load()
    ended = type(stored)(stored.version, tuple(k for k in stored.keys if k.revoked_at is not None))
    assert check_signing_key(ended, SETTINGS, NOW + 1).level is Level.PROBLEM
