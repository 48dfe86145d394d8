"""Hashes of WordPress: phpass before version 6.8, and bcrypt of a keyed hash since."""

import base64
import hashlib
import hmac
import re

from flask_watchword.accounts.imported_hashes.bcrypt_hashes import BCRYPT, bcrypt_verifier
from flask_watchword.accounts.imported_hashes.scheme import Scheme, UnusableHash, Verifier

#: The rounds of phpass as powers of two; WordPress has always had 13.
MIN_PHPASS_ROUNDS, MAX_PHPASS_ROUNDS = 7, 16

_DIGITS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TRIMMED = b" \t\n\r\0\x0b"  # by PHP's trim()
_QUOTED = re.compile(rb"['\"\\]")  # by PHP's addslashes()
_KEY = b"wp-sha384"


def _forms(password: bytes) -> set[bytes]:
    """Return the byte strings that WordPress may have hashed for this password.

    WordPress trims each password, and its forms hash it with a backslash before each quote and
    backslash. Passwords set by other means have no such backslashes.
    """
    trimmed = password.strip(_TRIMMED)
    return {trimmed, _QUOTED.sub(rb"\\\g<0>", trimmed).replace(b"\0", b"\\0")}


def _read_phpass(found: re.Match[str]) -> Verifier:
    rounds = _DIGITS.index(found["rounds"])
    if not MIN_PHPASS_ROUNDS <= rounds <= MAX_PHPASS_ROUNDS:
        raise UnusableHash(
            f"phpass is accepted from 2^{MIN_PHPASS_ROUNDS} to 2^{MAX_PHPASS_ROUNDS} rounds"
        )
    salt, digest = found["salt"].encode(), found["digest"].encode()

    def verify(password: bytes) -> bool:
        return any(
            hmac.compare_digest(_phpass(form, salt, 1 << rounds), digest)
            for form in _forms(password)
        )

    return verify


def _phpass(password: bytes, salt: bytes, rounds: int) -> bytes:
    digest = hashlib.md5(salt + password, usedforsecurity=False).digest()
    for _ in range(rounds):
        digest = hashlib.md5(digest + password, usedforsecurity=False).digest()
    return _encoded(digest)


def _encoded(digest: bytes) -> bytes:
    """Return bytes in phpass's base64: groups of three as little-endian numbers, low bits first."""
    text = ""
    for at in range(0, len(digest), 3):
        group = digest[at : at + 3]
        number = int.from_bytes(group, "little")
        text += "".join(_DIGITS[number >> 6 * place & 63] for place in range(len(group) + 1))
    return text.encode()


def _read_bcrypt(found: re.Match[str]) -> Verifier:
    verify_bcrypt = bcrypt_verifier(found["bcrypt"], int(found["rounds"]))

    def verify(password: bytes) -> bool:
        return any(
            verify_bcrypt(base64.b64encode(hmac.digest(_KEY, form, "sha384")))
            for form in _forms(password)
        )

    return verify


WORDPRESS_SCHEMES = (
    Scheme(
        "WordPress's phpass",
        "$P$",
        re.compile(
            r"\$P\$(?P<rounds>[./0-9A-Za-z])(?P<salt>[./0-9A-Za-z]{8})(?P<digest>[./0-9A-Za-z]{22})"
        ),
        _read_phpass,
    ),
    Scheme("WordPress's bcrypt", "$wp$", re.compile(rf"\$wp(?P<bcrypt>{BCRYPT})"), _read_bcrypt),
)
