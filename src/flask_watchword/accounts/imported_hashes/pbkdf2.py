"""PBKDF2 (RFC 8018 section 5.2), within bounds."""

import hashlib
import hmac

from flask_watchword.accounts.imported_hashes.scheme import UnusableHash, Verifier

#: Maximum iterations of one hash, about two seconds of one core. Django 6 uses 1,200,000. A digest
#: longer than that of the hash function needs the iterations once for each block.
MAX_ITERATIONS = 4_000_000
#: In bytes: a shorter digest is insecure, and no software writes a longer one.
MIN_DIGEST, MAX_DIGEST = 16, 128

_BLOCK = {"sha1": 20, "sha256": 32, "sha512": 64}


def pbkdf2_verifier(algorithm: str, salt: bytes, iterations: int, digest: bytes) -> Verifier:
    """Return a verifier for a digest.

    Args:
        algorithm: the hash function: ``sha1``, ``sha256`` or ``sha512``.
        salt: the salt.
        iterations: iterations for each block of the digest.
        digest: the result of PBKDF2.

    Raises:
        UnusableHash: if the cost or the length of the digest is out of bounds.
    """
    if not MIN_DIGEST <= len(digest) <= MAX_DIGEST:
        raise UnusableHash(f"its digest is not {MIN_DIGEST} to {MAX_DIGEST} bytes long")
    blocks = -(-len(digest) // _BLOCK[algorithm])
    if not 1 <= iterations * blocks <= MAX_ITERATIONS:
        raise UnusableHash(f"PBKDF2 is accepted from 1 to {MAX_ITERATIONS} iterations in all")

    def verify(password: bytes) -> bool:
        computed = hashlib.pbkdf2_hmac(algorithm, password, salt, iterations, len(digest))
        return hmac.compare_digest(computed, digest)

    return verify
