"""What a key is made of: a fresh private part, or one that somebody brings along."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

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
    key = _load(text, algorithm or _own_algorithm(text)).identified()
    if key.jwk is None:
        raise InvalidKeyError("a secret has no public part that others could verify with")
    if not key.kid or not key.kid.isprintable() or len(key.kid) > _MAX_KID:
        raise InvalidKeyError(
            f"its kid is empty, not printable, or longer than {_MAX_KID} characters"
        )
    return Material(key, None if key.signer is None else text)


def _load(text: bytes, algorithm: str | None) -> Key:
    if algorithm is not None:
        return Key.load(text, algorithm, profile="strict")
    *others, last = _USUAL
    for usual in others:
        with contextlib.suppress(InvalidKeyError):
            return Key.load(text, usual, profile="strict")
    return Key.load(text, last, profile="strict")


def _own_algorithm(text: bytes) -> str | None:
    try:
        named = parse_object(text).get("alg")
    except ValueError:
        return None
    return named if isinstance(named, str) else None
