"""Keys, each bound to one algorithm when it is loaded; a token cannot choose its algorithm."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from types import MappingProxyType
from typing import Any, Literal

import jwt.algorithms
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
    load_ssh_public_key,
)
from cryptography.x509 import load_der_x509_certificate

from flask_watchword.errors import InvalidKeyError
from flask_watchword.jose import algorithms
from flask_watchword.jose.algorithms import ALGORITHMS, Algorithm, Signer, Verifier
from flask_watchword.jose.jwk import PublicKey, public_members, thumbprint
from flask_watchword.jose.roca import has_roca_fingerprint

#: ``compatible`` accepts weak keys, as PyJWT does, and reports the weakness; ``strict`` rejects
#: them.
Profile = Literal["compatible", "strict"]

_MINIMUM_RSA_BITS = 2048  # RFC 7518 section 3.3
_ED25519_NAMES = ("EdDSA", "Ed25519")
_PRIVATE = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey)


@dataclass(frozen=True, slots=True)
class Key:
    """Key material bound to one algorithm.

    Attributes:
        algorithm: the only ``alg`` this key signs and verifies.
        verify: takes a signing input and a signature; returns whether the signature is valid.
        signer: signs a signing input; ``None`` for a public key.
        kid: the key id: the key verifies tokens with this ``kid`` and tokens without one; ``None``
            for a key that verifies every token of its algorithm.
        jwk: the JWK members of the public key; ``None`` for a secret.
        ends_at: from when its tokens are rejected regardless of their own ``exp``, seconds since
            the epoch; infinity when no end is set.
        weakness: why the key is weak, in PyJWT's words; ``None`` if it is not.
    """

    algorithm: str
    verify: Verifier
    signer: Signer | None = None
    kid: str | None = None
    jwk: Mapping[str, str] | None = field(default=None, compare=False)
    ends_at: float = field(default=inf, compare=False)
    weakness: str | None = field(default=None, compare=False)

    @classmethod
    def load(
        cls,
        material: Any,
        algorithm: str,
        *,
        kid: str | None = None,
        profile: Profile = "compatible",
    ) -> "Key":
        """Load a key for one algorithm.

        Args:
            material: an HMAC secret (``bytes`` or ``str``); a PEM or DER key, or an OpenSSH
                public key (``bytes`` or ``str``); a JWK as a mapping, as JSON text or as
                ``jwt.PyJWK``; or a key object of ``cryptography``.
            algorithm: a name of :data:`~flask_watchword.jose.algorithms.ALGORITHMS`.
            kid: the key id; ``None`` for the ``kid`` of the JWK, if any.
            profile: ``strict`` rejects a weak key.

        Raises:
            InvalidKeyError: when the material cannot be used with the algorithm.
        """
        row = ALGORITHMS.get(algorithm)
        if row is None:
            known = ", ".join(ALGORITHMS)
            raise InvalidKeyError(f"algorithm {algorithm!r} is not supported; use one of {known}")
        own_kid = None
        if isinstance(material, jwt.PyJWK):
            own_kid, material = material.key_id, material.key
        jwk = _as_jwk(material)
        if jwk is not None:
            _check_purpose(row, jwk)
            own_kid = jwk.get("kid")
        if not isinstance(own_kid, str | None):
            raise InvalidKeyError(f"the kid of this JWK is {own_kid!r}, which is no string")
        load = _load_secret if row.family == "HMAC" else _load_key_pair
        key = load(row, material, jwk, profile).with_kid(own_kid if kid is None else kid)
        if jwk is not None and "sign" not in jwk.get("key_ops", ("sign",)):
            return replace(key, signer=None)
        return key

    def with_kid(self, kid: str | None) -> "Key":
        """Return this key with another ``kid``, or without one."""
        return self if kid == self.kid else replace(self, kid=kid)

    def with_default_kid(self) -> "Key":
        """Return this key with a ``kid``: its own, or else its thumbprint (RFC 7638).

        A secret without a ``kid`` stays without one: a thumbprint would publish a hash of it.
        """
        if self.kid is not None or self.jwk is None:
            return self
        return self.with_kid(thumbprint(self.jwk))

    def with_weakness_report(self, report: Callable[[str], None]) -> "Key":
        """Return this key; if it is weak, it reports its weakness for each signature it verifies.

        PyJWT warns at the same time. For other keys this costs nothing.
        """
        weakness, verify = self.weakness, self.verify
        if weakness is None:
            return self

        def verify_and_report(signing_input: bytes, signature: bytes) -> bool:
            report(weakness)
            return verify(signing_input, signature)

        return replace(self, verify=verify_and_report)

    def sign(self, signing_input: bytes) -> bytes:
        """Sign a signing input (RFC 7515 section 5.1).

        Raises:
            InvalidKeyError: when this is a public key, or its JWK's ``key_ops`` exclude signing.
        """
        if self.signer is None:
            raise InvalidKeyError(f"a public key cannot sign; {self.algorithm} needs a private key")
        return self.signer(signing_input)


def _as_jwk(material: Any) -> Mapping[str, Any] | None:
    if isinstance(material, Mapping):
        return material
    if isinstance(material, str | bytes) and material.strip()[:1] in ("{", b"{"):
        try:
            value = json.loads(material)
        except (ValueError, RecursionError):
            return None
        if isinstance(value, dict) and "kty" in value:
            return value
    return None


def _check_purpose(row: Algorithm, jwk: Mapping[str, Any]) -> None:
    # RFC 7517 sections 4.2 and 4.4: a JWK can state its algorithm and its use.
    intended = jwk.get("alg", row.name)
    same = intended == row.name or (row.family == "OKP" and intended in _ED25519_NAMES)
    if not same:
        raise InvalidKeyError(f"this JWK is meant for {intended!r}, not for {row.name}")
    if jwk.get("use", "sig") != "sig":
        raise InvalidKeyError(f"this JWK is meant for {jwk['use']!r}, not for signatures")
    # Section 4.3. A key that may sign may verify: verification needs only the public part.
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or not {"sign", "verify"}.intersection(
        operation for operation in operations if isinstance(operation, str)
    ):
        raise InvalidKeyError(f"this JWK is meant for {operations!r}, not for signatures")


def _load_secret(row: Algorithm, material: Any, jwk: Any, profile: Profile) -> Key:
    try:
        if jwk is not None:
            secret = jwt.algorithms.HMACAlgorithm.from_jwk(dict(jwk))
        else:
            secret = _check_secret(material)
    except (jwt.InvalidKeyError, KeyError, TypeError, ValueError) as error:
        raise InvalidKeyError(f"not a secret for {row.name}: {error}") from error
    if not secret:
        raise InvalidKeyError(f"not a secret for {row.name}: HMAC key must not be empty.")
    weakness, minimum = None, algorithms.hmac_minimum(row)
    if len(secret) < minimum:
        weakness = _weakness(
            f"The HMAC key is {len(secret)} bytes long, which is below the minimum recommended "
            f"length of {minimum} bytes for {row.digest.upper()}. See RFC 7518 Section 3.2.",
            profile,
        )
    sign, verify = algorithms.hmac_functions(row, secret)
    return Key(row.name, verify, sign, weakness=weakness)


def _check_secret(material: Any) -> bytes:
    # A public key used as an HMAC secret lets everyone who knows the public key sign tokens
    # (RFC 8725 section 2.1). PyJWT rejects such keys by their format, but older releases miss some.
    check = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).prepare_key
    secret = check(material)
    if _load_any(secret) is not None or _is_der_certificate(secret):
        raise InvalidKeyError("this is an asymmetric key, and its public part is not secret")
    if _has_jwk(secret):
        raise InvalidKeyError("this JSON has a JWK in it, which is not a secret as text")
    return secret


def _is_der_certificate(data: bytes) -> bool:
    try:
        load_der_x509_certificate(data)
    except ValueError:
        return False
    return True


def _has_jwk(text: bytes) -> bool:
    """Tell whether a text is JSON that contains a JWK anywhere, such as a JWK Set."""
    if text.lstrip()[:1] not in (b"{", b"["):
        return False
    found: list[bool] = []
    try:
        json.loads(text, object_hook=lambda members: found.append("kty" in members))
    except (ValueError, RecursionError):
        return False
    return any(found)


def _load_key_pair(row: Algorithm, material: Any, jwk: Any, profile: Profile) -> Key:
    key = _key_from_jwk(row, jwk) if jwk is not None else _load_any(material)
    if key is None:
        raise InvalidKeyError(f"not a PEM, DER, OpenSSH or JWK key that {row.name} can use")
    private = key if isinstance(key, _PRIVATE) else None
    public = key.public_key() if isinstance(key, _PRIVATE) else key
    if row.family == "RSA" and isinstance(public, rsa.RSAPublicKey):
        return _rsa_key(row, public, private, profile)
    if row.family == "EC" and isinstance(public, ec.EllipticCurvePublicKey):
        return _ec_key(row, public, private)
    if row.family == "OKP" and isinstance(public, ed25519.Ed25519PublicKey):
        signer = None
        if isinstance(private, ed25519.Ed25519PrivateKey):
            signer = algorithms.ed25519_signer(private)
        return _pair(row, public, algorithms.ed25519_verifier(public), signer)
    raise InvalidKeyError(f"{row.name} cannot use a key of type {type(key).__name__}")


def _rsa_key(row: Algorithm, public: rsa.RSAPublicKey, private: Any, profile: Profile) -> Key:
    if has_roca_fingerprint(public.public_numbers().n):
        raise InvalidKeyError(
            "this RSA key was made by a faulty library, and its private part can be computed from "
            "its public part (CVE-2017-15361): replace it"
        )
    weakness = None
    if public.key_size < _MINIMUM_RSA_BITS:
        weakness = _weakness(
            f"The RSA key is {public.key_size} bits long, which is below the minimum "
            f"recommended size of {_MINIMUM_RSA_BITS} bits. See NIST SP 800-131A.",
            profile,
        )
    signer = algorithms.rsa_signer(row, private) if private is not None else None
    key = _pair(row, public, algorithms.rsa_verifier(row, public), signer)
    return replace(key, weakness=weakness)


def _ec_key(row: Algorithm, public: ec.EllipticCurvePublicKey, private: Any) -> Key:
    if row.curve is None or public.curve.name != row.curve.name:
        raise InvalidKeyError(f"{row.name} cannot use a key on curve {public.curve.name}")
    signer = algorithms.ec_signer(row, private) if private is not None else None
    return _pair(row, public, algorithms.ec_verifier(row, public), signer)


def _pair(row: Algorithm, public: PublicKey, verify: Verifier, signer: Signer | None) -> Key:
    return Key(row.name, verify, signer, jwk=MappingProxyType(public_members(public)))


def _key_from_jwk(row: Algorithm, jwk: Mapping[str, Any]) -> Any:
    reader: Any = {
        "RSA": jwt.algorithms.RSAAlgorithm,
        "EC": jwt.algorithms.ECAlgorithm,
        "OKP": jwt.algorithms.OKPAlgorithm,
    }[row.family]
    try:
        return reader.from_jwk(dict(jwk))
    except (jwt.InvalidKeyError, KeyError, TypeError, ValueError) as error:
        raise InvalidKeyError(f"not a JWK that {row.name} can use: {error}") from error


def _load_any(material: Any) -> Any:
    if not isinstance(material, str | bytes):
        return material if hasattr(material, "public_bytes") or _is_private(material) else None
    try:
        data = material.encode() if isinstance(material, str) else material
    except UnicodeEncodeError:
        return None
    if b"-----BEGIN" in data:
        loaders: tuple[Any, ...] = (load_pem_public_key, _pem_private_key)
    else:
        loaders = (_ssh_public_key, load_der_public_key, _der_private_key)
    for load in loaders:
        try:
            return load(data)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
    return None


def _is_private(material: Any) -> bool:
    return isinstance(material, _PRIVATE)


def _pem_private_key(data: bytes) -> Any:
    return load_pem_private_key(data, password=None)


def _ssh_public_key(data: bytes) -> Any:
    return load_ssh_public_key(data.strip())


def _der_private_key(data: bytes) -> Any:
    return load_der_private_key(data, password=None)


def _weakness(message: str, profile: Profile) -> str:
    if profile == "strict":
        raise InvalidKeyError(message)
    return message
