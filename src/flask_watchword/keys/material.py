"""What a key is made of: a fresh private part, or one that somebody brings along."""

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

#: Of the algorithms in which keys are made here, how.
MAKERS: Mapping[str, Callable[[], PrivateKey]] = {
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RS256": lambda: rsa.generate_private_key(_EXPONENT, _RSA_BITS),
}

#: What a key that does not say its algorithm is taken for: the first of these that it can serve.
_USUAL = ("EdDSA", "ES256", "ES384", "ES512", "RS256")
#: Of a JWK that none of them can use, whose reason says most.
_NEAREST = {"OKP": "EdDSA", "EC": "ES256", "RSA": "RS256"}

_SECRET = "it is a secret, which has no public part to verify with"

#: Characters a ``kid`` may have: what can stand in a line of text between tabs.
_MAX_KID = 256


@dataclass(frozen=True, slots=True)
class Material:
    """A key, and its private part as text to be sealed.

    Attributes:
        key: loaded, and bound to its ``kid``.
        private: PEM or JWK, what :meth:`Key.load` takes; ``None`` for a public key.
    """

    key: Key
    private: bytes | None = field(repr=False)


def new_material(algorithm: str) -> Material:
    """Make a key for one of the algorithms of :data:`MAKERS`; its ``kid`` is its thumbprint.

    One of 64 would begin with a hyphen, and a command would take that for an option.
    """
    while (made := _made(algorithm)).key.kid is None or made.key.kid.startswith("-"):
        pass
    return made


def _made(algorithm: str) -> Material:
    private = MAKERS[algorithm]()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Material(Key.load(pem, algorithm, profile="strict").identified(), pem)


def read_material(text: bytes, algorithm: str | None = None) -> Material:
    """Read a key that somebody brings along: PEM without a password, or one JWK.

    Args:
        text: the key, private or public.
        algorithm: what it is for, when it does not say so itself and not the usual is meant.

    Raises:
        InvalidKeyError: when it is none, weak, a secret, or has a name that cannot be shown.
    """
    key = _load(text, algorithm or _member(text, "alg")).identified()
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
            return _load_as_usual(text)
        return Key.load(text, algorithm, profile="strict")
    except InvalidKeyError as error:
        form = _other_form(text)
        if form is None:
            raise
        raise InvalidKeyError(form) from error


def _load_as_usual(text: bytes) -> Key:
    reasons: dict[str, InvalidKeyError] = {}
    for algorithm in _USUAL:
        try:
            return Key.load(text, algorithm, profile="strict")
        except InvalidKeyError as error:
            reasons[algorithm] = error
    reason = reasons[_NEAREST.get(_member(text, "kty") or "", _USUAL[-1])]
    raise InvalidKeyError(f"none of {', '.join(_USUAL)} can use it: {reason}") from reason


def _other_form(text: bytes) -> str | None:
    """Return what a text holds that looks like a key and is in a form that is not read here."""
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
