"""PBKDF2 (RFC 8018 section 5.2), within bounds."""

import hashlib
import hmac

from flask_watchword.accounts.imported_hashes.scheme import UnusableHash, Verifier

#: The most iterations of one hash, about two seconds of one core. Django 6 has 1,200,000. A digest
#: longer than that of the hash function takes them once for each block.
MAX_ITERATIONS = 4_000_000
#: What a digest is shorter than protects nothing, and none in use is longer (in bytes).
MIN_DIGEST, MAX_DIGEST = 16, 128

_BLOCK = {"sha1": 20, "sha256": 32, "sha512": 64}


def pbkdf2_verifier(algorithm: str, salt: bytes, iterations: int, digest: bytes) -> Verifier:
    """Return what verifies passwords against a digest.

    Args:
        algorithm: of the hash function: ``sha1``, ``sha256`` or ``sha512``.
        salt: the bytes of the salt.
        iterations: of each block of the digest.
        digest: what PBKDF2 made of the password.

    Raises:
        UnusableHash: when the cost or the length of the digest exceeds its bounds.
    """
    if not MIN_DIGEST <= len(digest) <= MAX_DIGEST:
        raise UnusableHash(f"its digest is not {MIN_DIGEST} to {MAX_DIGEST} bytes long")
    blocks = -(-len(digest) // _BLOCK[algorithm])
    if not 1 <= iterations * blocks <= MAX_ITERATIONS:
        raise UnusableHash(f"PBKDF2 is accepted from 1 to {MAX_ITERATIONS} iterations in all")

    def verify(password: bytes) -> bool:
        made = hashlib.pbkdf2_hmac(algorithm, password, salt, iterations, len(digest))
        return hmac.compare_digest(made, digest)

    return verify
