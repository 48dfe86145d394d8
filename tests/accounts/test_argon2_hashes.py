from dataclasses import replace

import pytest
from argon2 import Parameters, PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError

from flask_watchword.accounts import argon2_hashes
from flask_watchword.accounts.argon2_hashes import Argon2Hash, NotArgon2, derive, read_argon2

SALT = b"0123456789abcdef"

#: The scheme of the hashes computed here.
OURS = Parameters(Type.ID, 19, 16, 32, 1, 8, 1)


def hash_of(password: bytes, parameters: Parameters = OURS, salt: bytes = SALT) -> str:
    return Argon2Hash(parameters, salt, derive(parameters, salt, password)).encoded()


def test_computed_hash_equals_that_of_the_reference() -> None:
    stored = hash_of(b"right", replace(OURS, memory_cost=19_456, time_cost=2))
    assert PasswordHasher().verify(stored, b"right")
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(stored, b"wrong")


@pytest.mark.parametrize("password", [b"", b"right", b"\0nul", b"x" * 5000])
@pytest.mark.parametrize(
    ("salt_bytes", "digest_bytes", "lanes", "kind"),
    [
        (16, 32, 1, Type.ID),
        (16, 16, 1, Type.ID),
        (16, 15, 1, Type.ID),
        (16, 100, 1, Type.ID),
        (8, 32, 1, Type.ID),
        (24, 32, 1, Type.ID),
        (16, 32, 2, Type.ID),
        (16, 32, 1, Type.I),
        (16, 32, 1, Type.D),
    ],
)
def test_hash_of_the_reference_is_verified(
    password: bytes, salt_bytes: int, digest_bytes: int, lanes: int, kind: Type
) -> None:
    theirs = PasswordHasher(2, 64, lanes, digest_bytes, salt_bytes, type=kind).hash(password)
    assert read_argon2(theirs).matches(password)
    assert not read_argon2(theirs).matches(password + b"x")
    assert read_argon2(theirs).encoded() == theirs


def test_own_scheme_is_computed_by_libsodium_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise AssertionError("the slow one was asked")

    monkeypatch.setattr(argon2_hashes, "hash_secret_raw", fail)
    assert read_argon2(hash_of(b"x")).matches(b"x")
    with pytest.raises(AssertionError):
        hash_of(b"x", replace(OURS, parallelism=2, memory_cost=16))


@pytest.mark.parametrize(
    "stored",
    [
        "$argon2",
        "$argon2id$",
        "$argon2x$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=8,t=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "\u00e9" * 43,
        "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "!" * 43,
        "$argon2id$v=19$m=8,t=1,p=1$M$" + "A" * 43,
        "$argon2id$v=19$m=8,t=0,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=8,t=1,p=0$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=0,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=-8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=8,t=-1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=8,t=99999999999999999999,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
    ],
)
def test_text_that_is_not_a_hash_cannot_be_parsed(stored: str) -> None:
    with pytest.raises(NotArgon2):
        read_argon2(stored)


@pytest.mark.parametrize(
    "stored",
    [
        "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$",
        "$argon2id$v=19$m=8,t=1,p=1$$" + "A" * 43,
        "$argon2id$v=19$m=1,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
    ],
)
def test_hash_that_cannot_be_computed_matches_nothing(stored: str) -> None:
    with pytest.raises(NotArgon2):
        read_argon2(stored).matches(b"x")
