"""Verify hashes that other software made: bcrypt, scrypt (Werkzeug), PBKDF2 (Django, Werkzeug).

They are verified as that software did, so that accounts can be moved with their passwords. They
are never made here: the next login puts an argon2id hash in their place.
"""

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import bcrypt

#: bcrypt hashes this many bytes of a password and never looked at the rest.
_BCRYPT_BYTES = 72

# The most that verifying one hash may cost: about two seconds of one core. The parameters stand
# in the hash, and whoever can have hashes imported must not keep our cores and memory busy.
_MOST_BCRYPT_ROUNDS = 14  # as a power of two
_MOST_PBKDF2_ITERATIONS = 4_000_000  # Django 6 has 1,200,000
_MOST_SCRYPT_BYTES = 64 * 1024 * 1024  # Werkzeug's default needs half
_MOST_SCRYPT_WORK = 4 * _MOST_SCRYPT_BYTES


class UnusableHash(ValueError):
    """A stored text that is verified by nothing here; the message says why."""


@dataclass(frozen=True, slots=True)
class _Scheme:
    """One kind of hash: how to know it, and how to verify what it consists of."""

    pattern: re.Pattern[str]
    check: Callable[[re.Match[str]], None]
    matches: Callable[[re.Match[str], bytes], bool]


def verify_foreign(password_hash: str, password: str) -> bool:
    """Tell whether the hash was made of this password.

    Argon2id compares the NFC form of a password. Other software took it as it was typed, so both
    are tried where they differ. A bcrypt hash says nothing about what follows the 72nd byte.

    Raises:
        UnusableHash: when it is of no kind that is known here, or would cost too much.
    """
    scheme, found = _recognised(password_hash)
    forms = {unicodedata.normalize("NFC", password), password}
    return any(scheme.matches(found, form.encode("utf-8", "surrogatepass")) for form in forms)


def check_foreign_hash(password_hash: str) -> None:
    """Refuse a hash that :func:`verify_foreign` could not verify.

    Raises:
        UnusableHash: when it is of no kind that is known here, or would cost too much.
    """
    _recognised(password_hash)


def _recognised(password_hash: str) -> tuple[_Scheme, re.Match[str]]:
    for scheme in _SCHEMES:
        found = scheme.pattern.fullmatch(password_hash)
        if found is not None:
            scheme.check(found)
            return scheme, found
    raise UnusableHash(
        "it is no whole hash of argon2id, of bcrypt, of Werkzeug's scrypt or PBKDF2, or of Django's"
    )


def _check_bcrypt(found: re.Match[str]) -> None:
    if not 4 <= int(found["rounds"]) <= _MOST_BCRYPT_ROUNDS:
        raise UnusableHash(f"bcrypt is verified from 4 to {_MOST_BCRYPT_ROUNDS} rounds")


def _matches_bcrypt(found: re.Match[str], password: bytes) -> bool:
    if b"\0" in password:
        return False  # the software that made the hash saw a C string, which ends there
    try:
        return bcrypt.checkpw(password[:_BCRYPT_BYTES], found[0].encode())
    except ValueError as error:
        raise UnusableHash("it has the form of a bcrypt hash and is none") from error


def _check_scrypt(found: re.Match[str]) -> None:
    n, r, p = int(found["n"]), int(found["r"]), int(found["p"])
    if n < 2 or n & (n - 1) or not r or not p:
        raise UnusableHash("scrypt needs a power of two, and no zeros")
    if 128 * n * r > _MOST_SCRYPT_BYTES or 128 * n * r * p > _MOST_SCRYPT_WORK:
        raise UnusableHash(f"scrypt is verified up to {_MOST_SCRYPT_BYTES >> 20} MiB, four times")


def _matches_scrypt(found: re.Match[str], password: bytes) -> bool:
    n, r, p = int(found["n"]), int(found["r"]), int(found["p"])
    expected = bytes.fromhex(found["digest"])
    memory = 132 * n * r * p + (1 << 20)  # what OpenSSL asks for beside the blocks, and some more
    made = hashlib.scrypt(
        password, salt=found["salt"].encode(), n=n, r=r, p=p, maxmem=memory, dklen=len(expected)
    )
    return hmac.compare_digest(made, expected)


def _check_pbkdf2(found: re.Match[str]) -> None:
    if not 1 <= int(found["iterations"]) <= _MOST_PBKDF2_ITERATIONS:
        raise UnusableHash(f"PBKDF2 is verified from 1 to {_MOST_PBKDF2_ITERATIONS} iterations")


def _pbkdf2(found: re.Match[str], password: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password, found["salt"].encode(), int(found["iterations"]))


def _matches_werkzeug_pbkdf2(found: re.Match[str], password: bytes) -> bool:
    return hmac.compare_digest(_pbkdf2(found, password), bytes.fromhex(found["digest"]))


def _matches_django_pbkdf2(found: re.Match[str], password: bytes) -> bool:
    return hmac.compare_digest(_pbkdf2(found, password), base64.b64decode(found["digest"]))


_SALT = r"(?P<salt>[^$]{1,128})"
_SCHEMES = (
    _Scheme(
        re.compile(r"\$2[aby]\$(?P<rounds>[0-9]{2})\$[./A-Za-z0-9]{53}"),
        _check_bcrypt,
        _matches_bcrypt,
    ),
    _Scheme(
        re.compile(
            r"scrypt:(?P<n>[0-9]{1,9}):(?P<r>[0-9]{1,9}):(?P<p>[0-9]{1,9})"
            rf"\${_SALT}\$(?P<digest>[0-9a-f]{{128}})"
        ),
        _check_scrypt,
        _matches_scrypt,
    ),
    _Scheme(
        re.compile(
            rf"pbkdf2:sha256:(?P<iterations>[0-9]{{1,9}})\${_SALT}\$(?P<digest>[0-9a-f]{{64}})"
        ),
        _check_pbkdf2,
        _matches_werkzeug_pbkdf2,
    ),
    _Scheme(
        re.compile(
            rf"pbkdf2_sha256\$(?P<iterations>[0-9]{{1,9}})\${_SALT}"
            r"\$(?P<digest>[A-Za-z0-9+/]{43}=)"
        ),
        _check_pbkdf2,
        _matches_django_pbkdf2,
    ),
)
