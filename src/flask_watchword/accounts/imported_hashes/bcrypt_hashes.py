"""bcrypt in its standard form, within bounds."""

import re

import bcrypt

from flask_watchword.accounts.imported_hashes.scheme import Scheme, UnusableHash, Verifier

#: bcrypt reads this many bytes of a password and ignores the rest.
_PASSWORD_BYTES = 72

#: As powers of two; the maximum takes about a second of one core.
MIN_ROUNDS, MAX_ROUNDS = 4, 14

#: A complete hash. ``$2x$`` is excluded: it marks hashes of a faulty version of crypt_blowfish.
BCRYPT = r"\$2[aby]\$(?P<rounds>[0-9]{2})\$[./A-Za-z0-9]{53}"


def bcrypt_verifier(stored: str, rounds: int) -> Verifier:
    """Return a verifier for a hash.

    A NUL is an ordinary byte, as in Python, Go and Java: a hash of only the part before it, as
    older C libraries compute it, does not match.

    Raises:
        UnusableHash: if the rounds are out of bounds.
    """
    if not MIN_ROUNDS <= rounds <= MAX_ROUNDS:
        raise UnusableHash(f"bcrypt is accepted from {MIN_ROUNDS} to {MAX_ROUNDS} rounds")

    def verify(password: bytes) -> bool:
        try:
            return bcrypt.checkpw(password[:_PASSWORD_BYTES], stored.encode())
        except ValueError as error:
            raise UnusableHash("it looks like a bcrypt hash but is malformed") from error

    return verify


def read_bcrypt(found: re.Match[str]) -> Verifier:
    """Return a verifier for a plain bcrypt hash."""
    return bcrypt_verifier(found[0], int(found["rounds"]))


BCRYPT_SCHEMES = (Scheme("bcrypt", "$2", re.compile(BCRYPT), read_bcrypt),)
