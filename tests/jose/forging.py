"""Tokens and keys for the tests of the engine, made apart from the engine."""

import base64
import hashlib
import hmac
import json
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from flask_watchword.jose import Decoder, Key, Policy

NOW = 1_700_000_000
SECRET = bytes(range(64))

#: One algorithm of each family that verifies in its own way.
FAMILIES = ("HS256", "RS256", "PS256", "ES256", "EdDSA")
EVERY_ALGORITHM = (
    *("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
_CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def forge(
    payload: bytes | dict[str, Any],
    header: bytes | dict[str, Any] = b'{"alg":"HS256","typ":"JWT"}',
    secret: bytes = SECRET,
) -> str:
    """Make a token with a genuine HMAC-SHA256, whatever its header and payload say."""
    parts = [
        data if isinstance(data, bytes) else json.dumps(data).encode() for data in (header, payload)
    ]
    return resign(".".join(b64(part) for part in parts), secret)


def resign(signing_input: str, secret: bytes = SECRET) -> str:
    """Put a genuine HMAC-SHA256 under any two segments, well formed or not."""
    mac = hmac.new(secret, signing_input.encode("utf-8"), hashlib.sha256).digest()
    return f"{signing_input}.{b64(mac)}"


@cache
def rsa_private(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def material(algorithm: str) -> Any:
    """Return what can sign for an algorithm: a secret or a private key object."""
    if algorithm.startswith("HS"):
        return SECRET
    if algorithm in _CURVES:
        return ec.generate_private_key(_CURVES[algorithm])
    if algorithm.startswith("Ed"):
        return ed25519.Ed25519PrivateKey.generate()
    return rsa_private()


@cache
def key(algorithm: str = "HS256") -> Key:
    return Key.load(material(algorithm), algorithm)


def decoder(algorithm: str = "HS256", now: float = NOW, **policy: Any) -> Decoder:
    """Return a decoder that remembers nothing yet, its clock standing still."""
    return Decoder([key(algorithm)], Policy(**policy), clock=lambda: now)
