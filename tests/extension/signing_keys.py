"""Signing keys of the extension tests, generated once per run."""

from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

HMAC_SECRET = "the quick brown fox jumps over the lazy dog, then over sixty-four bytes"
OTHER_HMAC_SECRET = "another secret that is every bit as long as the first one is, honestly"

_CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True)
class KeyPair:
    """The signing and the verifying key; the same text twice for a symmetric algorithm."""

    private: str
    public: str


@cache
def key_pair(algorithm: str, which: str = "ours") -> KeyPair:
    """Return a key pair for an algorithm; a different one for each value of `which`."""
    if algorithm.startswith("HS"):
        secret = HMAC_SECRET if which == "ours" else OTHER_HMAC_SECRET
        return KeyPair(secret, secret)
    return _in_pem(_generate(algorithm))


def _generate(algorithm: str) -> PrivateKey:
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm.startswith("ES"):
        return ec.generate_private_key(_CURVES[algorithm])
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _in_pem(key: PrivateKey) -> KeyPair:
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return KeyPair(private.decode("ascii"), public.decode("ascii"))
