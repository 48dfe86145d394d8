import pytest

from flask_watchword.keys.encryption import Encryptor
from flask_watchword.keys.manager import KeyManager
from flask_watchword.keys.policy import KeyPolicy
from tests.memory_stores.keys import MemoryKeyStore

HOUR, DAY = 3_600.0, 86_400.0
POLICY = KeyPolicy(rotation=90 * DAY, lead=HOUR, token=30 * DAY)


class HandClock:
    """A clock that moves only when the test changes it."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture
def encryptor() -> Encryptor:
    return Encryptor([b"m" * 32])


@pytest.fixture
def manager(store: MemoryKeyStore, encryptor: Encryptor, clock: HandClock) -> KeyManager:
    """A manager whose store has its first key."""
    manager = KeyManager(store, encryptor, POLICY, clock)
    manager.ensure_signing_key()
    return manager
