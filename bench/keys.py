"""The keys of every contestant."""

from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

SECRET = "a secret of forty bytes for benchmarking"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True)
class Keys:
    """A signing key of the benchmark, and the `JWT_*` settings that contain it."""

    algorithm: str
    signing: str | PrivateKey
    settings: dict[str, str]


@cache
def keys_for(algorithm: str) -> Keys:
    """Return the key of an algorithm, the same one for each call."""
    if algorithm.startswith("HS"):
        return Keys(algorithm, SECRET, {"JWT_ALGORITHM": algorithm, "JWT_SECRET_KEY": SECRET})
    return new_pair(algorithm)


def new_pair(algorithm: str) -> Keys:
    """Return a new key pair for each call."""
    private = _generate(algorithm)
    settings = {
        "JWT_ALGORITHM": algorithm,
        "JWT_PRIVATE_KEY": _private_pem(private),
        "JWT_PUBLIC_KEY": _public_pem(private),
    }
    return Keys(algorithm, private, settings)


def _generate(algorithm: str) -> PrivateKey:
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    raise ValueError(f"no key is known for {algorithm}")


def _private_pem(key: PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _public_pem(key: PrivateKey) -> str:
    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
