"""Key material: generate a private key, or read an imported one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from flask_watchword.errors import InvalidKeyError
from flask_watchword.jose.encoding import parse_object
from flask_watchword.jose.keys import Key

_RSA_BITS = 2048  # RFC 7518 section 3.3
_EXPONENT = 65537

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

#: The algorithms that keys can be generated for, each with its generator.
GENERATORS: Mapping[str, Callable[[], PrivateKey]] = {
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RS256": lambda: rsa.generate_private_key(_EXPONENT, _RSA_BITS),
}

#: Algorithms to try, in this order, for a key that does not name its own.
_DEFAULTS = ("EdDSA", "ES256", "ES384", "ES512", "RS256")
#: The algorithm whose error is the most informative for a JWK that none of them can use.
_CLOSEST = {"OKP": "EdDSA", "EC": "ES256", "RSA": "RS256"}

_SECRET = "it is a secret, which has no public part to verify with"

#: Longest ``kid``, in characters. It is also shown in tab-separated output, so it is printable.
_MAX_KID = 256


@dataclass(frozen=True, slots=True)
class Material:
    """A key together with its private key as text.

    Attributes:
        key: the loaded key, bound to its ``kid``.
        private: PEM or JWK, as :meth:`Key.load` takes it; ``None`` for a public key.
    """

    key: Key
    private: bytes | None = field(repr=False)


def new_material(algorithm: str) -> Material:
    """Generate a key for an algorithm of :data:`GENERATORS`; its ``kid`` is its thumbprint.

    One thumbprint in 64 begins with a hyphen. Those are discarded, because a command line would
    take such a ``kid`` for an option.
    """
    while (material := _generate(algorithm)).key.kid is None or material.key.kid.startswith("-"):
        pass
    return material


def _generate(algorithm: str) -> Material:
    private = GENERATORS[algorithm]()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Material(Key.load(pem, algorithm, profile="strict").with_default_kid(), pem)


def read_material(text: bytes, algorithm: str | None = None) -> Material:
    """Read a key to import: PEM without a password, or one JWK.

    Args:
        text: the key, private or public.
        algorithm: its algorithm, unless the key names it or the default for its type is meant.

    Raises:
        InvalidKeyError: when it is not a key, is weak, is a secret, or has an unprintable ``kid``.
    """
    key = _load(text, algorithm or _member(text, "alg")).with_default_kid()
    if key.jwk is None:
        raise InvalidKeyError(_SECRET)
    if not key.kid or not key.kid.isprintable() or len(key.kid) > _MAX_KID:
        raise InvalidKeyError(
            f"its kid is empty, not printable, or longer than {_MAX_KID} characters"
        )
    return Material(key, None if key.signer is None else text)


def _load(text: bytes, algorithm: str | None) -> Key:
    try:
        if algorithm is None:
            return _load_with_defaults(text)
        return Key.load(text, algorithm, profile="strict")
    except InvalidKeyError as error:
        description = _unsupported_form(text)
        if description is None:
            raise
        raise InvalidKeyError(description) from error


def _load_with_defaults(text: bytes) -> Key:
    reasons: dict[str, InvalidKeyError] = {}
    for algorithm in _DEFAULTS:
        try:
            return Key.load(text, algorithm, profile="strict")
        except InvalidKeyError as error:
            reasons[algorithm] = error
    reason = reasons[_CLOSEST.get(_member(text, "kty") or "", _DEFAULTS[-1])]
    raise InvalidKeyError(f"none of {', '.join(_DEFAULTS)} can use it: {reason}") from reason


def _unsupported_form(text: bytes) -> str | None:
    """Describe a key in a form that is not supported; ``None`` for anything else."""
    if b"-----BEGIN ENCRYPTED" in text or b"Proc-Type: 4,ENCRYPTED" in text:
        return "it has a password; take that off first: openssl pkey -in FILE"
    if b"-----BEGIN OPENSSH PRIVATE KEY" in text:
        return "it is in the private form of OpenSSH; PEM (PKCS #8) is needed"
    if b"-----BEGIN CERTIFICATE" in text:
        return "it is a certificate; take the key out first: openssl x509 -pubkey -noout -in FILE"
    if "keys" in _parsed(text):
        return "it is a JWK Set; take one key out of it"
    return _SECRET if _member(text, "kty") == "oct" else None


def _member(text: bytes, name: str) -> str | None:
    value = _parsed(text).get(name)
    return value if isinstance(value, str) else None


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        return parse_object(text)
    except ValueError:
        return {}
