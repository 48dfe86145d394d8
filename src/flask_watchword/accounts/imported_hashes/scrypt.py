"""scrypt (RFC 7914), within bounds."""

import hashlib
import hmac
from dataclasses import dataclass

from flask_watchword.accounts.imported_hashes.scheme import UnusableHash, Verifier

#: Maximum memory of one hash, and maximum memory in all lanes, in bytes: about two seconds of one
#: core. Werkzeug's default needs 32 MiB.
MAX_MEMORY = 64 * 1024 * 1024
MAX_WORK = 4 * MAX_MEMORY


@dataclass(frozen=True, slots=True)
class ScryptCost:
    """The cost of a hash, with the names of RFC 7914 section 2.

    Raises:
        UnusableHash: if the values are invalid or out of bounds.
    """

    n: int
    r: int
    p: int

    def __post_init__(self) -> None:
        n, r, p = self.n, self.r, self.p
        if n < 2 or n & (n - 1) or r < 1 or p < 1:
            raise UnusableHash("scrypt requires a power of two as N, and r and p of at least 1")
        if 128 * n * r > MAX_MEMORY or 128 * n * r * p > MAX_WORK:
            raise UnusableHash(
                f"scrypt is accepted up to {MAX_MEMORY >> 20} MiB of memory, "
                f"and {MAX_WORK >> 20} MiB in all lanes"
            )

    def derive(self, password: bytes, salt: bytes, length: int) -> bytes:
        """Return a key of a given length in bytes, derived from a password."""
        n, r, p = self.n, self.r, self.p
        memory = 132 * n * r * p + (1 << 20)  # the blocks, and OpenSSL's own memory
        return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=length)


def scrypt_verifier(cost: ScryptCost, salt: bytes, digest: bytes) -> Verifier:
    """Return a verifier for a digest."""

    def verify(password: bytes) -> bool:
        return hmac.compare_digest(cost.derive(password, salt, len(digest)), digest)

    return verify
