"""Hashes rejected at import, with the name of the scheme or the exceeded limit."""

import base64

import pytest

from flask_watchword.accounts.imported_hashes.scheme import UnusableHash
from flask_watchword.accounts.imported_hashes.verification import SCHEMES
from flask_watchword.accounts.passwords import Passwords
from tests.accounts.imported_hashes.vectors import KINDS, Vector

PASSWORDS = Passwords()
HEX = "0" * 128
B64 = "A" * 43 + "="
B64_64 = "A" * 86 + "=="


def identity(algorithm: int = 1, iterations: int = 1000, salt: int = 16, digest: int = 32) -> str:
    header = b"\1" + b"".join(n.to_bytes(4, "big") for n in (algorithm, iterations, salt))
    return base64.b64encode(header + bytes(salt) + bytes(digest)).decode()


def rejection(stored: str) -> str:
    with pytest.raises(UnusableHash) as refused:
        PASSWORDS.check_hash(stored)
    return str(refused.value)


UNSUPPORTED = {
    HEX[:32]: "unsalted MD5",
    "md5$$" + HEX[:32]: "unsalted MD5",
    "md5$salt$" + HEX[:32]: "one round of MD5",
    HEX[:40]: "unsalted SHA-1",
    "sha1$$" + HEX[:40]: "unsalted SHA-1",
    "sha1$salt$" + HEX[:40]: "one round of SHA-1",
    HEX[:64]: "unsalted SHA-256",
    HEX: "unsalted SHA-2",
    "sha256$salt$" + HEX[:64]: "one round of SHA-2",
    "{SSHA}AAAA": "one round of SHA-1",
    "{SSHA512}AAAA": "one round of SHA-2",
    "{MD5}AAAA": "one round of MD5",
    "*" + HEX[:40]: "MySQL",
    "!": "without a password",
    "!Y2lvcHJpdmF0ZQ": "without a password",
    "": "empty",
    "plain$secret": "plain text",
    "$1$salt$xxxxxxxxxxxxxxxxxxxxxx": "md5-crypt",
    "$apr1$salt$xxxxxxxxxxxxxxxxxxxxxx": "md5-crypt",
    "$5$rounds=5000$salt$x": "sha256-crypt",
    "$6$salt$x": "sha512-crypt",
    "$y$j9T$salt$x": "yescrypt",
    "$7$C6..../....salt$x": "scrypt",
    "$scrypt$ln=14,r=8,p=1$c2FsdA$eA": "scrypt",
    "$2x$04$" + "a" * 53: "$2x$",
    "$bcrypt-sha256$v=2,t=2b,r=12$salt$x": "bcrypt_sha256",
    "$pbkdf2$1000$salt$x": "SHA-1 in passlib",
    "$S$D" + "x" * 51: "Drupal",
    "$H$9" + "x" * 30: "phpBB",
    base64.b64encode(bytes(49)).decode(): "ASP.NET Identity version 2",
    f"pbkdf2:md5:1000$salt${HEX[:32]}": "another hash function",
    "keycloak$bcrypt$10$salt$x": "a Keycloak credential other than PBKDF2",
    "hunter2": "not a hash of a supported kind",
}


@pytest.mark.parametrize("stored", UNSUPPORTED)
def test_unsupported_scheme_is_named(stored: str) -> None:
    reason = rejection(stored)
    assert UNSUPPORTED[stored] in reason
    assert "hunter2" not in reason


ITERATIONS = "PBKDF2 is accepted from 1 to 4000000 iterations"
SCRYPT = "scrypt is accepted up to 64 MiB of memory, and 256 MiB in all lanes"
ARGON2 = "argon2 is accepted up to 256 MiB of memory, 1024 MiB in all passes, and 16 lanes"
BCRYPT = "bcrypt is accepted from 4 to 14 rounds"
PHPASS = "phpass is accepted from 2^7 to 2^16 rounds"
BOUNDS = {
    f"pbkdf2_sha256$4000001$salt${B64}": ITERATIONS,
    f"pbkdf2_sha256$0$salt${B64}": ITERATIONS,
    f"pbkdf2_sha1$999999999$salt${'A' * 27}=": ITERATIONS,
    f"pbkdf2:sha512:4000001$salt${HEX}": ITERATIONS,
    f"$pbkdf2-sha512$4000001$c2FsdA${B64_64[:86]}": ITERATIONS,
    # Two blocks, each of which costs all iterations.
    f"keycloak$pbkdf2-sha256$2000001$c2FsdA==${B64_64}": ITERATIONS,
    identity(iterations=4_000_001): ITERATIONS,
    identity(iterations=0): ITERATIONS,
    identity(digest=15): "digest is not 16 to 128 bytes",
    identity(digest=129): "digest is not 16 to 128 bytes",
    "keycloak$pbkdf2-sha256$1000$c2FsdA==$QUFBQQ==": "digest is not 16 to 128 bytes",
    identity(algorithm=3): "ASP.NET Core Identity but is malformed",
    identity(salt=15, digest=40): "ASP.NET Core Identity but is malformed",
    f"scrypt:1048576:8:1$salt${HEX}": SCRYPT,
    f"scrypt$1048576$salt$8$1${B64_64}": SCRYPT,
    f"scrypt$32768$salt$8$32${B64_64}": SCRYPT,
    f"scrypt$1000$salt$8$1${B64_64}": "power of two",
    f"$fbscrypt$v=1,n=20,r=8,p=1,ss=Bw==,sk={B64_64}$c2FsdA==${B64_64}": SCRYPT,
    f"$fbscrypt$v=1,n=99,r=8,p=1,ss=Bw==,sk={B64_64}$c2FsdA==${B64_64}": SCRYPT,
    "$2b$15$" + "a" * 53: BCRYPT,
    "bcrypt$$2b$31$" + "a" * 53: BCRYPT,
    "bcrypt_sha256$$2b$31$" + "a" * 53: BCRYPT,
    "$wp$2y$15$" + "a" * 53: BCRYPT,
    "$P$" + "T" + "a" * 30: PHPASS,
    "$P$" + "." + "a" * 30: PHPASS,
    "$argon2id$v=19$m=262145,t=1,p=1$c2FsdHNhbHQ$" + "A" * 43: ARGON2,
    "argon2$argon2id$v=19$m=65536,t=17,p=1$c2FsdHNhbHQ$" + "A" * 43: ARGON2,
    "$argon2id$v=19$m=65536,t=1,p=17$c2FsdHNhbHQ$" + "A" * 43: ARGON2,
    "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$" + "A" * 600: "more than 512 characters",
    "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$" + "A" * 200: "argon2 hash but is malformed",
    "$argon2id$v=19$m=64,t=1,p=1$c2Fs$" + "A" * 43: "argon2 hash but is malformed",
}


@pytest.mark.parametrize("stored", BOUNDS)
def test_cost_over_its_limit_is_rejected_with_the_limit(stored: str) -> None:
    assert BOUNDS[stored] in rejection(stored)
    # Nor is it verified if it is in the database already.
    assert not PASSWORDS.verify(stored, "x")


@pytest.mark.parametrize("vector", KINDS, ids=lambda vector: vector.name)
def test_truncated_hash_is_rejected_and_its_scheme_named(vector: Vector) -> None:
    if vector.kind != "argon2":  # whose shorter digests are complete ones
        assert "truncated" in rejection(vector.hash[:-1])
    assert "is malformed" in rejection(vector.hash[:30]) or "truncated" in rejection(
        vector.hash[:30]
    )


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_every_scheme_has_vectors(scheme: object) -> None:
    matching = [one for one in KINDS if scheme.pattern.fullmatch(one.hash)]  # type: ignore[attr-defined]
    assert matching
    assert all(one.hash.startswith(scheme.prefix) for one in matching)  # type: ignore[attr-defined]
