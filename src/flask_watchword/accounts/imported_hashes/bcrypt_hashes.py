"""bcrypt, as every library writes it, within bounds."""

import re

import bcrypt

from flask_watchword.accounts.imported_hashes.scheme import Scheme, UnusableHash, Verifier

#: bcrypt reads this many bytes of a password and ignores the rest.
_PASSWORD_BYTES = 72

#: As powers of two; the most takes about a second of one core.
MIN_ROUNDS, MAX_ROUNDS = 4, 14

#: A whole hash. ``$2x$`` is left out: it marks hashes of a faulty version of crypt_blowfish.
BCRYPT = r"\$2[aby]\$(?P<rounds>[0-9]{2})\$[./A-Za-z0-9]{53}"


def bcrypt_verifier(stored: str, rounds: int) -> Verifier:
    """Return what verifies passwords against a hash.

    A NUL is a byte like any other, as in Python, Go and Java: a hash that was made of the part in
    front of it, as older C libraries do, does not match.

    Raises:
        UnusableHash: when the rounds exceed their bounds.
    """
    if not MIN_ROUNDS <= rounds <= MAX_ROUNDS:
        raise UnusableHash(f"bcrypt is accepted from {MIN_ROUNDS} to {MAX_ROUNDS} rounds")

    def verify(password: bytes) -> bool:
        try:
            return bcrypt.checkpw(password[:_PASSWORD_BYTES], stored.encode())
        except ValueError as error:
            raise UnusableHash("it has the form of a bcrypt hash and is not one") from error

    return verify


def read_bcrypt(found: re.Match[str]) -> Verifier:
    """Return what verifies passwords against a hash that stands alone."""
    return bcrypt_verifier(found[0], int(found["rounds"]))


BCRYPT_SCHEMES = (Scheme("bcrypt", "$2", re.compile(BCRYPT), read_bcrypt),)
