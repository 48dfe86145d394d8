import pytest

from flask_watchword.keys.keeper import KeyKeeper
from flask_watchword.keys.policy import KeyPolicy
from flask_watchword.keys.sealing import Sealer
from flask_watchword.stores.memory_keys import MemoryKeyStore

HOUR, DAY = 3_600.0, 86_400.0
POLICY = KeyPolicy(rotation=90 * DAY, lead=HOUR, token=30 * DAY)


class HandClock:
    """A clock that stands until it is set."""

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
def seal() -> Sealer:
    return Sealer([b"m" * 32])


@pytest.fixture
def keeper(store: MemoryKeyStore, seal: Sealer, clock: HandClock) -> KeyKeeper:
    """A keeper whose store has its first key."""
    keeper = KeyKeeper(store, seal, POLICY, clock)
    keeper.begin()
    return keeper
