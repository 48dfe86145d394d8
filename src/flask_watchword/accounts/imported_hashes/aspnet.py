"""Hashes that ASP.NET Core Identity writes since version 3."""

import re

from flask_watchword.accounts.imported_hashes.encodings import decode_base64
from flask_watchword.accounts.imported_hashes.pbkdf2 import pbkdf2_verifier
from flask_watchword.accounts.imported_hashes.scheme import Scheme, UnusableHash, Verifier

# One byte that marks the version, and three numbers of 32 bits: pseudorandom function, iterations,
# length of the salt. Salt and digest follow.
_HEADER_BYTES = 13
_ALGORITHMS = ("sha1", "sha256", "sha512")
_MIN_SALT, _MAX_SALT = 16, 64


def _read(found: re.Match[str]) -> Verifier:
    stored = decode_base64(found[0])
    numbers = [int.from_bytes(stored[at : at + 4], "big") for at in (1, 5, 9)]
    algorithm, iterations, salt_bytes = numbers
    if algorithm >= len(_ALGORITHMS) or not _MIN_SALT <= salt_bytes <= _MAX_SALT:
        raise UnusableHash("it has the form of a hash of ASP.NET Core Identity and is not one")
    salt = stored[_HEADER_BYTES : _HEADER_BYTES + salt_bytes]
    digest = stored[_HEADER_BYTES + salt_bytes :]
    return pbkdf2_verifier(_ALGORITHMS[algorithm], salt, iterations, digest)


ASPNET_SCHEMES = (
    # The version 1 and the upper bytes of a small number.
    Scheme(
        "ASP.NET Core Identity", "AQAAAA", re.compile(r"AQAAAA[A-Za-z0-9+/]{40,280}={0,2}"), _read
    ),
)
