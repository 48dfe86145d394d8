"""Watchword's keys, JWK Set and tokens, for other libraries to verify."""

import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from flask_watchword.jose import ALGORITHMS, Key, encode
from flask_watchword.jose.jwk_set import jwk_set

ALL = tuple(ALGORITHMS)
HMAC = tuple(name for name, row in ALGORITHMS.items() if row.family == "HMAC")
ASYMMETRIC = tuple(name for name in ALL if name not in HMAC)
SECRET = "sixty-four bytes that both sides know, and nobody else, are enough for all three"
CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
CLAIMS = {
    "sub": "ada",
    "iat": int(time.time()),
    "exp": int(time.time()) + 3600,
    "roles": ["a", "b"],
}

_RSA = rsa.generate_private_key(65537, 2048)


def new_private_key(algorithm: str) -> Any:
    """Return a private key; all RSA algorithms share one, because generating it is slow."""
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm])
    if algorithm in ("EdDSA", "Ed25519"):
        return ed25519.Ed25519PrivateKey.generate()
    return _RSA


def new_key(algorithm: str) -> Key:
    """Return a key whose kid is its thumbprint."""
    if algorithm in HMAC:
        return Key.load(SECRET, algorithm)
    key = Key.load(new_private_key(algorithm), algorithm).with_default_kid()
    # The thumbprint covers only the numbers, which the RSA algorithms share.
    return key.with_kid(f"{algorithm}-{key.kid}")


KEYS = {algorithm: new_key(algorithm) for algorithm in ALL}
TOKENS = {algorithm: encode(CLAIMS, key) for algorithm, key in KEYS.items()}
JWK_SET = jwk_set(KEYS.values())


def forged(token: str) -> str:
    """Return a token with one bit of its signature changed."""
    signing_input, _, signature = token.rpartition(".")
    return f"{signing_input}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
