"""Hashes of Django's password hashers, except argon2.

Django's argon2 is the standard form with a prefix, and is read like all other argon2 hashes.
"""

import hashlib
import re

from flask_watchword.accounts.imported_hashes.bcrypt_hashes import BCRYPT, bcrypt_verifier
from flask_watchword.accounts.imported_hashes.encodings import decode_base64
from flask_watchword.accounts.imported_hashes.pbkdf2 import pbkdf2_verifier
from flask_watchword.accounts.imported_hashes.scheme import Scheme, Verifier
from flask_watchword.accounts.imported_hashes.scrypt import ScryptCost, scrypt_verifier

#: Django's prefix of the standard form of an argon2 hash.
ARGON2_PREFIX = "argon2"

_SALT = r"(?P<salt>[^$]{1,128})"


def _read_pbkdf2(found: re.Match[str]) -> Verifier:
    salt, digest = found["salt"].encode(), decode_base64(found["digest"])
    return pbkdf2_verifier(found["algorithm"], salt, int(found["iterations"]), digest)


def _read_scrypt(found: re.Match[str]) -> Verifier:
    cost = ScryptCost(int(found["n"]), int(found["r"]), int(found["p"]))
    salt, digest = found["salt"].encode(), decode_base64(found["digest"])
    return scrypt_verifier(cost, salt, digest)


def _read_bcrypt(found: re.Match[str]) -> Verifier:
    return bcrypt_verifier(found["bcrypt"], int(found["rounds"]))


def _read_bcrypt_sha256(found: re.Match[str]) -> Verifier:
    verify = _read_bcrypt(found)
    # 64 hexadecimal digits, so that no password is truncated at 72 bytes.
    return lambda password: verify(hashlib.sha256(password).hexdigest().encode())


def _pbkdf2(algorithm: str, digest: str) -> Scheme:
    name = f"pbkdf2_{algorithm}"
    pattern = re.compile(
        rf"pbkdf2_(?P<algorithm>{algorithm})\$(?P<iterations>[0-9]{{1,9}})\${_SALT}"
        rf"\$(?P<digest>{digest})"
    )
    return Scheme(f"Django's {name}", f"{name}$", pattern, _read_pbkdf2)


DJANGO_SCHEMES = (
    _pbkdf2("sha256", "[A-Za-z0-9+/]{43}="),
    _pbkdf2("sha1", "[A-Za-z0-9+/]{27}="),
    Scheme(
        "Django's scrypt",
        "scrypt$",
        re.compile(
            rf"scrypt\$(?P<n>[0-9]{{1,9}})\${_SALT}\$(?P<r>[0-9]{{1,9}})\$(?P<p>[0-9]{{1,9}})"
            r"\$(?P<digest>[A-Za-z0-9+/]{86}==)"
        ),
        _read_scrypt,
    ),
    Scheme(
        "Django's bcrypt_sha256",
        "bcrypt_sha256$",
        re.compile(rf"bcrypt_sha256\$(?P<bcrypt>{BCRYPT})"),
        _read_bcrypt_sha256,
    ),
    Scheme(
        "Django's bcrypt",
        "bcrypt$",
        re.compile(rf"bcrypt\$(?P<bcrypt>{BCRYPT})"),
        _read_bcrypt,
    ),
)
