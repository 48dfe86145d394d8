"""Hashes of ASP.NET Core Identity, version 3 and later."""

import re

from flask_watchword.accounts.imported_hashes.encodings import decode_base64
from flask_watchword.accounts.imported_hashes.pbkdf2 import pbkdf2_verifier
from flask_watchword.accounts.imported_hashes.scheme import Scheme, UnusableHash, Verifier

# One byte for the version and three 32-bit numbers: pseudorandom function, iterations, length of
# the salt. Salt and digest follow.
_HEADER_BYTES = 13
_ALGORITHMS = ("sha1", "sha256", "sha512")
_MIN_SALT, _MAX_SALT = 16, 64


def _read(found: re.Match[str]) -> Verifier:
    stored = decode_base64(found[0])
    numbers = [int.from_bytes(stored[at : at + 4], "big") for at in (1, 5, 9)]
    algorithm, iterations, salt_bytes = numbers
    if algorithm >= len(_ALGORITHMS) or not _MIN_SALT <= salt_bytes <= _MAX_SALT:
        raise UnusableHash("it looks like a hash of ASP.NET Core Identity but is malformed")
    salt = stored[_HEADER_BYTES : _HEADER_BYTES + salt_bytes]
    digest = stored[_HEADER_BYTES + salt_bytes :]
    return pbkdf2_verifier(_ALGORITHMS[algorithm], salt, iterations, digest)


ASPNET_SCHEMES = (
    # The base64 prefix of version 1 and the upper bytes of a small number.
    Scheme(
        "ASP.NET Core Identity", "AQAAAA", re.compile(r"AQAAAA[A-Za-z0-9+/]{40,280}={0,2}"), _read
    ),
)
