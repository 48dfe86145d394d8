"""Hashes of other software, some of them computed by that software itself."""

import base64
import hashlib
import unicodedata

import bcrypt
import pytest
from werkzeug.security import generate_password_hash

from flask_watchword.accounts.imported_hashes.scheme import UnusableHash
from flask_watchword.accounts.imported_hashes.verification import check_imported, verify_imported
from flask_watchword.accounts.passwords import HashProfile, Passwords
from tests.accounts.derived_hashes import recording_hashes

PASSWORD = "correct horse battery staple"
HEX_64 = "0" * 64


def bcrypt_hash(password: bytes, prefix: str = "2b") -> str:
    made = bcrypt.hashpw(password, bcrypt.gensalt(4)).decode()
    return f"${prefix}{made[3:]}"


def django_hash(password: str, iterations: int = 1000) -> str:
    made = hashlib.pbkdf2_hmac("sha256", password.encode(), b"saltsalt", iterations)
    return f"pbkdf2_sha256${iterations}$saltsalt${base64.b64encode(made).decode()}"


def werkzeug_scrypt_hash(password: str) -> str:
    """Return a hash of Werkzeug 2.3 and later; earlier releases cannot compute it."""
    made = hashlib.scrypt(password.encode(), salt=b"saltsalt", n=1024, r=8, p=2)
    return f"scrypt:1024:8:2$saltsalt${made.hex()}"


@pytest.mark.parametrize(
    "stored",
    [
        bcrypt_hash(PASSWORD.encode(), "2a"),
        bcrypt_hash(PASSWORD.encode(), "2b"),
        bcrypt_hash(PASSWORD.encode(), "2y"),
        generate_password_hash(PASSWORD),
        werkzeug_scrypt_hash(PASSWORD),
        generate_password_hash(PASSWORD, "pbkdf2:sha256:1000"),
        django_hash(PASSWORD),
    ],
    ids=["2a", "2b", "2y", "werkzeug", "werkzeug_scrypt", "werkzeug_pbkdf2", "django"],
)
def test_hash_is_verified_as_by_its_software(stored: str) -> None:
    check_imported(stored)
    assert verify_imported(stored, PASSWORD)
    assert not verify_imported(stored, PASSWORD + " ")
    assert not verify_imported(stored, "")


@pytest.mark.parametrize(
    ("stored", "password"),
    [
        # John the Ripper's and Openwall's test vectors of bcrypt.
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"),
    ],
)
def test_published_bcrypt_hashes_are_verified(stored: str, password: str) -> None:
    assert verify_imported(stored, password)


def test_text_that_only_resembles_bcrypt_is_unusable() -> None:
    with pytest.raises(UnusableHash):
        verify_imported("$2b$04$" + "a" * 53, "x")


def test_bcrypt_ignores_everything_after_the_72nd_byte() -> None:
    long = "x" * 72
    stored = bcrypt_hash(long.encode())
    assert verify_imported(stored, long + "whatever")
    assert not verify_imported(stored, long[:-1])


def test_bcrypt_truncates_at_bytes_and_not_at_characters() -> None:
    password = "x" + "\u00e9" * 40
    assert verify_imported(bcrypt_hash(password.encode()[:72]), password)


def test_password_with_a_nul_character_matches_no_bcrypt_hash() -> None:
    assert not verify_imported(bcrypt_hash(b"abc"), "abc\0def")


@pytest.mark.parametrize("stored_form", ["caf\u00e9", "cafe\u0301"])
def test_accent_matches_as_typed_and_in_normal_form(stored_form: str) -> None:
    assert verify_imported(bcrypt_hash(stored_form.encode()), stored_form)
    usual = bcrypt_hash(unicodedata.normalize("NFC", stored_form).encode())
    assert verify_imported(usual, stored_form)


def test_lone_surrogate_is_an_ordinary_wrong_password() -> None:
    for stored in (bcrypt_hash(b"right"), django_hash("right")):
        assert not verify_imported(stored, "\ud800")


UNUSABLE = [
    "",
    "plain text",
    "$2b$12$bcrypt",
    "$2x$04$" + "a" * 53,
    "$2b$03$" + "a" * 53,
    "$2b$15$" + "a" * 53,
    "$2b$31$" + "a" * 53,
    "$2b$\u0660\u0664$" + "a" * 53,
    f"scrypt:1048576:8:1$salt${HEX_64 * 2}",
    f"scrypt:32768:64:1$salt${HEX_64 * 2}",
    f"scrypt:32768:8:32$salt${HEX_64 * 2}",
    f"scrypt:999999999:999999999:999999999$salt${HEX_64 * 2}",
    f"scrypt:1000:8:1$salt${HEX_64 * 2}",
    f"scrypt:0:0:0$salt${HEX_64 * 2}",
    f"scrypt:1024:8:1$salt${HEX_64}",
    f"pbkdf2:sha256:4000001$salt${HEX_64}",
    f"pbkdf2:sha256:999999999999$salt${HEX_64}",
    f"pbkdf2:sha256:0$salt${HEX_64}",
    f"pbkdf2:md5:1000$salt${HEX_64}",
    f"pbkdf2:sha256:1000$salt${HEX_64}00",
    f"pbkdf2:sha256:1000${'s' * 129}${HEX_64}",
    "pbkdf2_sha256$999999999$salt$" + "A" * 43 + "=",
    "pbkdf2_sha256$1000$salt$" + "A" * 44,
    "pbkdf2_sha256$1000$salt$",
]


@pytest.mark.parametrize("stored", UNUSABLE)
def test_unknown_or_too_expensive_hash_is_rejected(stored: str) -> None:
    with pytest.raises(UnusableHash):
        check_imported(stored)
    with pytest.raises(UnusableHash):
        verify_imported(stored, "x")


@pytest.mark.parametrize("stored", UNUSABLE)
def test_unusable_hash_costs_as_much_as_a_decoy(
    stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = Passwords(HashProfile(memory_kib=8, time_cost=1, parallelism=1))
    derived = recording_hashes(monkeypatch)
    assert not passwords.verify(stored, "x")
    assert derived == [passwords._decoy_hash.salt]


@pytest.mark.parametrize(
    "stored",
    ["$2b$14$" + "." * 53, f"scrypt:65536:8:4$salt${HEX_64 * 2}"],
    ids=["bcrypt", "scrypt"],
)
def test_most_expensive_allowed_hashes_are_verified(stored: str) -> None:
    assert not verify_imported(stored, "x")
