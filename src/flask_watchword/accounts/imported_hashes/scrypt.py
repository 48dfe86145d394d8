"""scrypt (RFC 7914), within bounds."""

import hashlib
import hmac
from dataclasses import dataclass

from flask_watchword.accounts.imported_hashes.scheme import UnusableHash, Verifier

#: Bytes of memory of one hash, and bytes that it goes over in all lanes: about two seconds of one
#: core. Werkzeug's default needs 32 MiB.
MAX_MEMORY = 64 * 1024 * 1024
MAX_WORK = 4 * MAX_MEMORY


@dataclass(frozen=True, slots=True)
class ScryptCost:
    """The cost of a hash, with the names of RFC 7914 section 2.

    Raises:
        UnusableHash: when it is no cost of scrypt, or exceeds a bound.
    """

    n: int
    r: int
    p: int

    def __post_init__(self) -> None:
        n, r, p = self.n, self.r, self.p
        if n < 2 or n & (n - 1) or r < 1 or p < 1:
            raise UnusableHash("scrypt takes a power of two as N, and an r and a p of at least 1")
        if 128 * n * r > MAX_MEMORY or 128 * n * r * p > MAX_WORK:
            raise UnusableHash(
                f"scrypt is accepted up to {MAX_MEMORY >> 20} MiB of memory, "
                f"and {MAX_WORK >> 20} MiB in all lanes"
            )

    def derive(self, password: bytes, salt: bytes, length: int) -> bytes:
        """Return so many bytes that scrypt makes of a password."""
        n, r, p = self.n, self.r, self.p
        memory = 132 * n * r * p + (1 << 20)  # the blocks, and what OpenSSL takes beside them
        return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=length)


def scrypt_verifier(cost: ScryptCost, salt: bytes, digest: bytes) -> Verifier:
    """Return what verifies passwords against a digest, of as many bytes as scrypt made."""

    def verify(password: bytes) -> bool:
        return hmac.compare_digest(cost.derive(password, salt, len(digest)), digest)

    return verify
