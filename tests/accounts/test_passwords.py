import subprocess
import sys
import threading
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import FrozenInstanceError

import bcrypt
import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from flask_watchword.accounts import passwords as passwords_module
from flask_watchword.accounts.passwords import (
    MAX_PASSWORD_CHARACTERS,
    OWASP_PROFILE,
    WAITING_PER_CORE,
    HasherOverloaded,
    HashProfile,
    Passwords,
    usable_cores,
)
from tests.accounts.derived_hashes import recording_hashes

CHEAPEST = HashProfile(memory_kib=8, time_cost=1, parallelism=1)


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(CHEAPEST)


def test_default_hashes_are_argon2id_with_19_mib_two_passes_and_one_lane() -> None:
    assert Passwords().hash("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_profile_is_immutable() -> None:
    with pytest.raises(FrozenInstanceError):
        OWASP_PROFILE.time_cost = 1  # type: ignore[misc]


def test_right_password_verifies_and_wrong_one_does_not(passwords: Passwords) -> None:
    stored = passwords.hash("correct horse battery staple")
    assert passwords.verify(stored, "correct horse battery staple")
    assert not passwords.verify(stored, "correct horse battery stapl")
    assert not passwords.verify(stored, "")


def test_two_hashes_of_one_password_differ(passwords: Passwords) -> None:
    assert passwords.hash("same") != passwords.hash("same")


def test_long_passwords_are_not_truncated(passwords: Passwords) -> None:
    long = "x" * MAX_PASSWORD_CHARACTERS
    assert not passwords.verify(passwords.hash(long), long[:-1])


def test_accent_verifies_in_any_normal_form(passwords: Passwords) -> None:
    stored = passwords.hash(unicodedata.normalize("NFD", "caf\u00e9"))
    assert passwords.verify(stored, unicodedata.normalize("NFC", "caf\u00e9"))


def test_lone_surrogate_is_an_ordinary_wrong_password(passwords: Passwords) -> None:
    assert not passwords.verify(passwords.hash("right"), "\ud800")


@pytest.mark.parametrize(
    "stored",
    ["", "!", "plain text", "$2b$12$bcrypt", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$"],
)
def test_stored_text_that_is_not_a_hash_matches_nothing(passwords: Passwords, stored: str) -> None:
    assert not passwords.verify(stored, stored)


@pytest.mark.parametrize(
    "costs",
    ["m=4194304,t=1,p=1", "m=65536,t=17,p=1", "m=19456,t=2,p=17", "m=8,t=4294967295,p=1"],
)
def test_too_expensive_hash_matches_nothing_and_is_not_computed(
    passwords: Passwords, costs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    derived = recording_hashes(monkeypatch)
    assert not passwords.verify(f"$argon2id$v=19${costs}$" + "c2FsdHNhbHQ$" + "A" * 43, "x")
    assert derived == [passwords._decoy_hash.salt]


def test_argon2_hashes_with_other_parameters_are_verified_and_renewed(passwords: Passwords) -> None:
    for theirs in (PasswordHasher(), PasswordHasher(memory_cost=1024, parallelism=4, type=Type.I)):
        stored = theirs.hash("right")
        assert passwords.verify(stored, "right")
        assert not passwords.verify(stored, "wrong")
        assert passwords.needs_rehash(stored)


def test_profile_above_the_import_limits_verifies_its_own_hashes() -> None:
    many_lanes = Passwords(HashProfile(memory_kib=8 * 17, time_cost=1, parallelism=17))
    assert many_lanes.verify(many_lanes.hash("x"), "x")


def test_imported_hash_is_verified_in_one_of_the_slots() -> None:
    passwords = Passwords(CHEAPEST, concurrency=1, patience=0.0)
    imported = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
    assert passwords.verify(imported, "right")
    assert passwords.needs_rehash(imported)
    with every_core_taken(passwords), pytest.raises(HasherOverloaded):
        passwords.verify(imported, "right")


def test_only_other_parameters_need_a_rehash(passwords: Passwords) -> None:
    stored = passwords.hash("x")
    assert not passwords.needs_rehash(stored)
    assert Passwords().needs_rehash(stored)


def test_decoy_costs_as_much_as_a_real_hash() -> None:
    passwords = Passwords()
    nobodys = passwords._decoy_hash.encoded()
    assert extract_parameters(nobodys) == extract_parameters(passwords.hash("x"))


def test_verifying_a_decoy_returns_nothing(passwords: Passwords) -> None:
    passwords.verify_decoy("anything")


@contextmanager
def every_core_taken(passwords: Passwords) -> Iterator[None]:
    with passwords._one_core():
        yield


def hashes_at_a_time(passwords: Passwords) -> int:
    with ExitStack() as taken:
        while True:
            try:
                taken.enter_context(passwords._one_core())
            except HasherOverloaded:
                return passwords.waiting


@pytest.mark.parametrize(
    ("cores", "processes", "each"), [(2, 2, 2), (2, 1, 2), (16, 16, 2), (16, 5, 8), (1, 4, 1)]
)
def test_each_of_several_processes_uses_twice_its_share_of_the_cores(
    cores: int, processes: int, each: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords_module, "usable_cores", lambda: cores)
    shared = Passwords(CHEAPEST, patience=0.0)
    assert hashes_at_a_time(shared) == cores
    shared.share_cores(processes)
    assert hashes_at_a_time(shared) == each


def test_caller_that_waits_too_long_is_asked_to_retry() -> None:
    passwords = Passwords(CHEAPEST, concurrency=1, patience=0.0)
    with every_core_taken(passwords), pytest.raises(HasherOverloaded) as refused:
        passwords.verify_decoy("x")
    assert refused.value.retry_after is not None
    assert refused.value.retry_after >= 1
    passwords.verify_decoy("the core is free again")


def test_caller_with_a_full_queue_is_asked_to_retry_immediately() -> None:
    passwords = Passwords(CHEAPEST, concurrency=1, patience=30.0)
    with ExitStack() as queue:
        for _ in range(1 + WAITING_PER_CORE):
            assert passwords._slots().acquire(blocking=False)
            queue.callback(passwords._slots().release)
        with pytest.raises(HasherOverloaded):
            passwords.verify_decoy("x")
    passwords.verify_decoy("the queue is empty again")


def test_waiting_caller_gets_a_released_slot() -> None:
    passwords = Passwords(CHEAPEST, concurrency=1, patience=30.0)
    started = threading.Event()

    def hash_one() -> str:
        started.set()
        return passwords.hash("x")

    with ThreadPoolExecutor(1) as pool:
        with every_core_taken(passwords):
            waiting = pool.submit(hash_one)
            assert started.wait(10)
        assert passwords.verify(waiting.result(10), "x")


def test_slot_is_released_after_a_failure() -> None:
    passwords = Passwords(CHEAPEST, concurrency=1, patience=0.0)
    for _ in range(3):
        assert not passwords.verify("no hash", "x")


def test_there_is_at_least_one_usable_core() -> None:
    assert usable_cores() >= 1


@pytest.mark.parametrize("lanes", [1, 2])
def test_without_memory_for_a_hash_the_caller_is_asked_to_retry(lanes: int) -> None:
    # In a separate process: a memory limit cannot be removed again.
    script = f"""
import resource
from flask_watchword.accounts.passwords import HasherOverloaded, HashProfile, Passwords
passwords = Passwords(HashProfile(memory_kib=1024 * 1024, time_cost=1, parallelism={lanes}))
resource.setrlimit(resource.RLIMIT_AS, (512 * 1024 * 1024, resource.RLIM_INFINITY))
for work in (passwords.hash, passwords.verify_decoy):
    try:
        work("x")
    except HasherOverloaded:
        print("busy")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("busy\nbusy\n", "")
