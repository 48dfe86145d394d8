"""Hashes of each system are verified as by that system, and replaced at the next login."""

import pytest

from flask_watchword.accounts.credentials import authenticate
from flask_watchword.accounts.passwords import HashProfile, Passwords
from flask_watchword.accounts.users import new_user
from tests.accounts.imported_hashes.vectors import DEFAULTS, KINDS, VECTORS, Vector
from tests.memory_stores.users import MemoryUserStore

CHEAPEST = HashProfile(memory_kib=8, time_cost=1, parallelism=1)
EMAIL = "ada@example.com"


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(CHEAPEST)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_hash_is_accepted_and_verified(vector: Vector, passwords: Passwords) -> None:
    passwords.check_hash(vector.hash)
    assert passwords.verify(vector.hash, vector.password)


@pytest.mark.parametrize("vector", KINDS, ids=lambda vector: vector.name)
def test_another_password_does_not_match(vector: Vector, passwords: Passwords) -> None:
    for other in ("", "x", vector.password[:-1], vector.password.upper()):
        assert not passwords.verify(vector.hash, other)


@pytest.mark.parametrize("vector", KINDS, ids=lambda vector: vector.name)
def test_next_login_replaces_the_hash_with_argon2id(vector: Vector, passwords: Passwords) -> None:
    users = MemoryUserStore()
    users.add(new_user(EMAIL, vector.hash, 0.0))
    assert authenticate(users, passwords, EMAIL, "another password") is None
    assert authenticate(users, passwords, EMAIL, vector.password) is not None
    user = users.by_email(EMAIL)
    assert user is not None
    assert user.password_hash.startswith("$argon2id$")
    assert not passwords.needs_rehash(user.password_hash)
    assert authenticate(users, passwords, EMAIL, vector.password) == user


@pytest.mark.parametrize("stored", DEFAULTS, ids=lambda stored: stored[:20])
def test_default_parameters_of_libraries_are_within_the_limits(
    stored: str, passwords: Passwords
) -> None:
    passwords.check_hash(stored)
