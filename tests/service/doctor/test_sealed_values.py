"""Which master keys encrypt the stored values."""

from flask_watchword.extension.checks.results import Level
from flask_watchword.keys.encryption import Encryptor
from flask_watchword.keys.manager import KeyManager
from flask_watchword.keys.store import StoredKeyring
from flask_watchword.service.checks.encrypted_values import check_encrypted_values
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.signing.signing_keys import key_policy
from tests.memory_stores.keys import MemoryKeyStore

NOW = 1_700_000_000.0
OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32


def keeper_of(store: MemoryKeyStore, *masters: bytes, at: float = NOW) -> KeyManager:
    return KeyManager(store, Encryptor(masters), key_policy(Settings()), lambda: at)


def keys_under(master: bytes) -> StoredKeyring:
    store = MemoryKeyStore()
    keeper_of(store, master).ensure_signing_key()
    return store.load()


def head_of(master: bytes) -> bytes:
    return Encryptor([master]).current_prefix


def test_everything_under_the_first_master_key_is_fine_and_counted() -> None:
    found = check_encrypted_values(
        keys_under(NEW), {"authenticators": {head_of(NEW): 7}}, Encryptor([NEW, OLD]), NOW
    )
    assert (found.level, found.says) == (
        Level.OK,
        "all under the first master key: signing keys 1, authenticators 7",
    )


def test_value_under_an_older_master_key_is_a_warning_that_names_the_command() -> None:
    of_accounts = {"authenticators": {head_of(NEW): 7, head_of(OLD): 2}, "e-mail": {}}
    found = check_encrypted_values(keys_under(OLD), of_accounts, Encryptor([NEW, OLD]), NOW)
    assert found.level is Level.WARNING
    assert found.says.endswith(": signing keys 1, authenticators 2")
    assert found.remedy == "watchword keys reseal"


def test_value_under_an_unknown_master_key_is_a_problem() -> None:
    of_accounts = {"authenticators": {head_of(NEW): 7, head_of(OLD): 2}, "e-mail": {b"?": 1}}
    found = check_encrypted_values(keys_under(NEW), of_accounts, Encryptor([NEW, OTHER]), NOW)
    assert found.level is Level.PROBLEM
    assert found.says.endswith("authenticators 2, e-mail 1")


def test_retired_private_key_needs_no_reencryption() -> None:
    store = MemoryKeyStore()
    keeper_of(store, OLD, at=NOW - 1.0).ensure_signing_key()
    keeper_of(store, NEW, OLD).rotate(at_once=True)
    assert [key.encrypted_private_key is None for key in store.load().keys] == [False, False]
    assert check_encrypted_values(store.load(), {}, Encryptor([NEW]), NOW).level is Level.OK
