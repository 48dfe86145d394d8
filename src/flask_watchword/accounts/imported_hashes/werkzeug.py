"""Hashes of Werkzeug's ``generate_password_hash``."""

import re

from flask_watchword.accounts.imported_hashes.pbkdf2 import pbkdf2_verifier
from flask_watchword.accounts.imported_hashes.scheme import Scheme, Verifier
from flask_watchword.accounts.imported_hashes.scrypt import ScryptCost, scrypt_verifier

_SALT = r"(?P<salt>[^$]{1,128})"


def _read_pbkdf2(found: re.Match[str]) -> Verifier:
    salt, digest = found["salt"].encode(), bytes.fromhex(found["digest"])
    return pbkdf2_verifier(found["algorithm"], salt, int(found["iterations"]), digest)


def _read_scrypt(found: re.Match[str]) -> Verifier:
    cost = ScryptCost(int(found["n"]), int(found["r"]), int(found["p"]))
    salt, digest = found["salt"].encode(), bytes.fromhex(found["digest"])
    return scrypt_verifier(cost, salt, digest)


def _pbkdf2(algorithm: str, digits: int) -> Scheme:
    name = f"pbkdf2:{algorithm}"
    pattern = re.compile(
        rf"pbkdf2:(?P<algorithm>{algorithm}):(?P<iterations>[0-9]{{1,9}})\${_SALT}"
        rf"\$(?P<digest>[0-9a-f]{{{digits}}})"
    )
    return Scheme(f"Werkzeug's {name}", f"{name}:", pattern, _read_pbkdf2)


WERKZEUG_SCHEMES = (
    _pbkdf2("sha1", 40),
    _pbkdf2("sha256", 64),
    _pbkdf2("sha512", 128),
    Scheme(
        "Werkzeug's scrypt",
        "scrypt:",
        re.compile(
            r"scrypt:(?P<n>[0-9]{1,9}):(?P<r>[0-9]{1,9}):(?P<p>[0-9]{1,9})"
            rf"\${_SALT}\$(?P<digest>[0-9a-f]{{128}})"
        ),
        _read_scrypt,
    ),
)
