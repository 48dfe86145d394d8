"""The contract of a key store, tested with every implementation."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.sql.engine import open_engine, reading, writing
from flask_watchword.infra.sql.keys import SqlKeyStore
from flask_watchword.keys.store import KeyStore, StoredKey, StoredKeyring
from tests.memory_stores.keys import MemoryKeyStore

ONE = StoredKey(
    kid="one",
    algorithm="EdDSA",
    public_jwk={"kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "one"},
    encrypted_private_key=b"\x00\xff sealed",
    published_at=1_700_000_000.25,
    active_from=1_700_003_600.5,
    verify_until=None,
    revoked_at=None,
)
OTHER = StoredKey("another", "ES256", {"kty": "EC"}, b"sealed", 1.0, None, 1_700_000_001.0, None)
GONE = StoredKey("gone", "RS256", {"kty": "RSA"}, None, 2.0, 3.0, 4.0, 4.0)

PLACES = ["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.server)]


@pytest.fixture(params=PLACES)
def store(request: pytest.FixtureRequest) -> KeyStore:
    if request.param == "memory":
        return MemoryKeyStore()
    engine = {"sqlite": "engine", "postgres": "postgres_engine"}[request.param]
    return SqlKeyStore(request.getfixturevalue(engine))


def kids(store: KeyStore) -> set[str]:
    return {key.kid for key in store.load().keys}


def test_empty_store_has_version_zero_and_no_key(store: KeyStore) -> None:
    assert store.version() == 0
    assert store.load() == StoredKeyring()


def test_keys_are_returned_unchanged(store: KeyStore) -> None:
    assert store.swap(StoredKeyring(0, (ONE, OTHER, GONE), 900.5))
    loaded = store.load()
    assert (loaded.version, loaded.token_seconds) == (1, 900.5)
    assert sorted(loaded.keys, key=lambda key: key.kid) == [OTHER, GONE, ONE]


def test_swap_replaces_all_keys_and_raises_the_version(store: KeyStore) -> None:
    store.swap(StoredKeyring(0, (ONE, OTHER), 1.0))
    ended = replace(ONE, verify_until=5.0, encrypted_private_key=None)
    assert store.swap(StoredKeyring(1, (ended, GONE), 2.0))
    assert store.version() == 2
    assert kids(store) == {"one", "gone"}
    assert ended in store.load().keys


def test_keyring_may_become_empty(store: KeyStore) -> None:
    store.swap(StoredKeyring(0, (ONE,), 1.0))
    assert store.swap(StoredKeyring(1, (), 1.0))
    assert store.load() == StoredKeyring(2, (), 1.0)


@pytest.mark.parametrize("seen", [0, 1, 3])
def test_swap_of_an_outdated_version_changes_nothing(store: KeyStore, seen: int) -> None:
    store.swap(StoredKeyring(0, (ONE,), 1.0))
    store.swap(StoredKeyring(1, (ONE, OTHER), 1.0))
    assert not store.swap(StoredKeyring(seen, (GONE,), 9.0))
    assert store.version() == 2
    assert kids(store) == {"one", "another"}
    assert store.load().token_seconds == 1.0


def test_first_keyring_with_a_version_is_rejected_by_an_empty_store(store: KeyStore) -> None:
    assert not store.swap(StoredKeyring(1, (ONE,), 1.0))
    assert store.load() == StoredKeyring()


@pytest.mark.parametrize("seen", [0, 1])
def test_one_of_many_concurrent_swaps_by_threads_succeeds(store: KeyStore, seen: int) -> None:
    if seen:
        store.swap(StoredKeyring(0, (OTHER,), 1.0))

    def swapped(number: int) -> bool:
        return store.swap(StoredKeyring(seen, (replace(ONE, kid=f"{number}"),), 1.0))

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(swapped, range(24)))
    assert outcomes.count(True) == 1
    assert kids(store) == {str(outcomes.index(True))}
    assert store.version() == seen + 1


def swap_once(url: str, kid: str) -> bool:
    engine = open_engine(url)
    try:
        return SqlKeyStore(engine).swap(StoredKeyring(0, (replace(ONE, kid=kid),), 1.0))
    finally:
        engine.dispose()


@pytest.mark.server
def test_one_of_many_concurrent_first_swaps_by_processes_succeeds(any_engine: Engine) -> None:
    url = any_engine.url.render_as_string(hide_password=False)
    rivals = [(url, f"{number}") for number in range(12)]
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        outcomes = pool.starmap(swap_once, rivals, chunksize=1)
    assert outcomes.count(True) == 1
    assert kids(SqlKeyStore(any_engine)) == {str(outcomes.index(True))}


def test_load_never_sees_half_a_swap(any_engine: Engine) -> None:
    store = SqlKeyStore(any_engine)

    def ring(version: int) -> StoredKeyring:
        keys = (replace(ONE, kid="a", published_at=float(version)),) * 1 + tuple(
            replace(OTHER, kid=f"{n}", published_at=float(version)) for n in range(5)
        )
        return StoredKeyring(version, keys, float(version))

    def swaps() -> None:
        for version in range(60):
            assert store.swap(ring(version))

    with ThreadPoolExecutor(2) as pool:
        swapping = pool.submit(swaps)
        while not swapping.done():
            seen = store.load()
            assert {key.published_at for key in seen.keys} <= {seen.token_seconds}
            assert len(seen.keys) in (0, 6)
            assert seen.version in (0, seen.token_seconds + 1)
        swapping.result()


def test_failed_swap_leaves_the_keyring_unchanged(any_engine: Engine) -> None:
    store = SqlKeyStore(any_engine)
    store.swap(StoredKeyring(0, (ONE,), 1.0))
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.swap(StoredKeyring(1, (GONE, GONE), 1.0))
    assert store.load() == StoredKeyring(1, (ONE,), 1.0)


def test_database_without_the_tables_is_not_an_empty_keyring(any_engine: Engine) -> None:
    store = SqlKeyStore(any_engine)
    with writing(any_engine) as connection:
        connection.exec_driver_sql("ALTER TABLE watchword_keyring RENAME TO away")
    try:
        for asked in (store.version, store.load, lambda: store.swap(StoredKeyring())):
            with pytest.raises(StoreUnavailable):
                asked()
    finally:
        with writing(any_engine) as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO watchword_keyring")


def test_private_part_is_not_in_the_repr() -> None:
    assert "sealed" not in repr(ONE)


def test_each_key_is_one_row(any_engine: Engine) -> None:
    SqlKeyStore(any_engine).swap(StoredKeyring(0, (ONE, OTHER), 1.0))
    with reading(any_engine) as connection:
        rows = connection.exec_driver_sql("SELECT kid, sealed FROM watchword_keys").all()
    assert {row.kid: bytes(row.sealed) for row in rows} == {
        "one": b"\x00\xff sealed",
        "another": b"sealed",
    }
