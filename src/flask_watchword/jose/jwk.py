"""JSON Web Keys (RFC 7517): public members and thumbprint."""

import hashlib
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from flask_watchword.errors import InvalidKeyError
from flask_watchword.jose.algorithms import P256, P384, P521
from flask_watchword.jose.encoding import b64url_encode, dump_object

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

#: Private members of all key types (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1); ``priv`` belongs to
#: the key type ``AKP``.
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})

_CURVES = {curve.name: curve for curve in (P256, P384, P521)}
#: Members of a thumbprint, in order (RFC 7638 section 3.2, RFC 8037 section 2).
_REQUIRED = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}


def public_members(key: PublicKey) -> dict[str, str]:
    """Return the JWK members that define a public key.

    Numbers are canonical: no leading zero octets in an RSA key, and coordinates with the length of
    the curve (RFC 7518 sections 6.2.1 and 6.3.1).

    Raises:
        InvalidKeyError: for a curve that no supported algorithm uses.
    """
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "n": _shortest(numbers.n), "e": _shortest(numbers.e)}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": _text(key.public_bytes_raw())}
    curve = _CURVES.get(key.curve.name)
    if curve is None:
        raise InvalidKeyError(f"no algorithm uses keys on curve {key.curve.name}")
    point = key.public_numbers()
    x, y = (_text(number.to_bytes(curve.octets, "big")) for number in (point.x, point.y))
    return {"kty": "EC", "crv": curve.jwk_name, "x": x, "y": y}


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the SHA-256 thumbprint of a JWK (RFC 7638), base64url.

    Args:
        jwk: the JWK, private or public; only the members of the public key are used.

    Raises:
        InvalidKeyError: for a secret, because a thumbprint would publish a hash of it (RFC 7638
            section 7), and for an incomplete JWK.
    """
    members = _required_members(jwk)
    return _text(hashlib.sha256(dump_object(members)).digest())


def public_jwk(members: Mapping[str, Any], algorithm: str, kid: str) -> dict[str, Any]:
    """Return the JWK to publish: only public members, with ``kid``, ``alg`` and ``use``.

    Args:
        members: a JWK; private members are dropped.
        algorithm: the algorithm of the key.
        kid: the key id.

    Raises:
        InvalidKeyError: for a secret, and for an incomplete JWK.
    """
    return {"kid": kid, "alg": algorithm, "use": "sig", **_required_members(members)}


def _required_members(jwk: Mapping[str, Any]) -> dict[str, Any]:
    kind = jwk.get("kty")
    names = _REQUIRED.get(kind) if isinstance(kind, str) else None
    if names is None:
        raise InvalidKeyError(f"a key of kind {kind!r} has no public part")
    missing = [name for name in names if not isinstance(jwk.get(name), str)]
    if missing:
        raise InvalidKeyError(f"this JWK lacks {missing[0]!r}")
    return {name: jwk[name] for name in names}


def _shortest(number: int) -> str:
    return _text(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _text(data: bytes) -> str:
    return b64url_encode(data).decode("ascii")
