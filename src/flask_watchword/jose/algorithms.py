"""The signature algorithms: one read-only table, and the functions that sign and verify.

RFC 7518 section 3 (HMAC, RSA, ECDSA), RFC 8037 section 3.1 (EdDSA) and RFC 9864 section 2.2
(``Ed25519``, the name with the curve). ``none`` is not in the table.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

Family = Literal["HMAC", "RSA", "EC", "OKP"]
Signer = Callable[[bytes], bytes]
#: Takes the signing input and the signature; returns whether the signature is valid.
Verifier = Callable[[bytes, bytes], bool]


@dataclass(frozen=True, slots=True)
class Curve:
    """An elliptic curve: its two names, the octets of a coordinate, and its order."""

    name: str
    jwk_name: str
    octets: int
    order: int


# The orders are those of FIPS 186-4 appendix D.1.2 (SEC 2 sections 2.4.2, 2.5.1, 2.6.1).
P256 = Curve(
    "secp256r1",
    "P-256",
    32,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
)
P384 = Curve(
    "secp384r1",
    "P-384",
    48,
    int(
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
        "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973",
        16,
    ),
)
P521 = Curve(
    "secp521r1",
    "P-521",
    66,
    int(
        "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA"
        "51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409",
        16,
    ),
)


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One algorithm: its name in ``alg``, the key family and the hash."""

    name: str
    family: Family
    digest: str = ""
    hash: hashes.HashAlgorithm | None = None
    pss: bool = False
    curve: Curve | None = None


_SHA256, _SHA384, _SHA512 = hashes.SHA256(), hashes.SHA384(), hashes.SHA512()

ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {
        row.name: row
        for row in (
            Algorithm("HS256", "HMAC", "sha256", _SHA256),
            Algorithm("HS384", "HMAC", "sha384", _SHA384),
            Algorithm("HS512", "HMAC", "sha512", _SHA512),
            Algorithm("RS256", "RSA", "sha256", _SHA256),
            Algorithm("RS384", "RSA", "sha384", _SHA384),
            Algorithm("RS512", "RSA", "sha512", _SHA512),
            Algorithm("PS256", "RSA", "sha256", _SHA256, pss=True),
            Algorithm("PS384", "RSA", "sha384", _SHA384, pss=True),
            Algorithm("PS512", "RSA", "sha512", _SHA512, pss=True),
            Algorithm("ES256", "EC", "sha256", _SHA256, curve=P256),
            Algorithm("ES384", "EC", "sha384", _SHA384, curve=P384),
            Algorithm("ES512", "EC", "sha512", _SHA512, curve=P521),
            Algorithm("EdDSA", "OKP"),
            Algorithm("Ed25519", "OKP"),
        )
    }
)


def hmac_minimum(algorithm: Algorithm) -> int:
    """Return the minimum bytes of an HMAC secret: those of the hash (RFC 7518 section 3.2)."""
    return _hash_of(algorithm).digest_size


def hmac_functions(algorithm: Algorithm, secret: bytes) -> tuple[Signer, Verifier]:
    """Return the sign and verify functions for an HMAC secret (RFC 2104, RFC 7518 section 3.2).

    The two keyed states are computed once and copied for each message (RFC 2104 section 4), which
    halves the cost of a token.
    """
    new = getattr(hashlib, algorithm.digest)
    block = new().block_size
    key = (new(secret).digest() if len(secret) > block else secret).ljust(block, b"\0")
    inner_start = new(bytes(octet ^ 0x36 for octet in key))
    outer_start = new(bytes(octet ^ 0x5C for octet in key))

    def sign(message: bytes) -> bytes:
        inner = inner_start.copy()
        inner.update(message)
        outer = outer_start.copy()
        outer.update(inner.digest())
        signature: bytes = outer.digest()
        return signature

    same = hmac.compare_digest

    def verify(message: bytes, signature: bytes) -> bool:
        # Repeats `sign`: a call would cost as much as the digest of a short token.
        inner = inner_start.copy()
        inner.update(message)
        outer = outer_start.copy()
        outer.update(inner.digest())
        return same(outer.digest(), signature)

    return sign, verify


def _rsa_padding(algorithm: Algorithm) -> padding.AsymmetricPadding:
    if not algorithm.pss:
        return padding.PKCS1v15()
    digest = _hash_of(algorithm)
    # RFC 7518 section 3.5: the salt is as long as the hash.
    return padding.PSS(padding.MGF1(digest), digest.digest_size)


def rsa_signer(algorithm: Algorithm, key: rsa.RSAPrivateKey) -> Signer:
    """Return a sign function: RSASSA-PKCS1-v1_5 or RSASSA-PSS (RFC 7518 sections 3.3 and 3.5)."""
    pad, digest = _rsa_padding(algorithm), _hash_of(algorithm)
    return lambda message: key.sign(message, pad, digest)


def rsa_verifier(algorithm: Algorithm, key: rsa.RSAPublicKey) -> Verifier:
    """Return a verify function: RSASSA-PKCS1-v1_5 or RSASSA-PSS (RFC 7518 sections 3.3 and 3.5)."""
    pad, digest = _rsa_padding(algorithm), _hash_of(algorithm)
    octets = (key.key_size + 7) // 8

    def verify(message: bytes, signature: bytes) -> bool:
        # RFC 8017 section 8.1.2, step 1. OpenSSL accepts a PSS signature without its leading zeros.
        if len(signature) != octets:
            return False
        try:
            key.verify(signature, message, pad, digest)
        except InvalidSignature:
            return False
        return True

    return verify


def ec_signer(algorithm: Algorithm, key: ec.EllipticCurvePrivateKey) -> Signer:
    """Return a sign function: ECDSA, r and s concatenated (RFC 7518 section 3.4)."""
    scheme, octets = ec.ECDSA(_hash_of(algorithm)), _curve_of(algorithm).octets

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(message, scheme))
        return r.to_bytes(octets, "big") + s.to_bytes(octets, "big")

    return sign


def ec_verifier(algorithm: Algorithm, key: ec.EllipticCurvePublicKey) -> Verifier:
    """Return a verify function: ECDSA, exactly r and s, each in 1..n-1 (RFC 7518 section 3.4)."""
    scheme, curve = ec.ECDSA(_hash_of(algorithm)), _curve_of(algorithm)
    octets, order = curve.octets, curve.order

    def verify(message: bytes, signature: bytes) -> bool:
        if len(signature) != 2 * octets:
            return False
        r = int.from_bytes(signature[:octets], "big")
        s = int.from_bytes(signature[octets:], "big")
        if not (0 < r < order and 0 < s < order):
            return False
        try:
            key.verify(encode_dss_signature(r, s), message, scheme)
        except InvalidSignature:
            return False
        return True

    return verify


def ed25519_signer(key: ed25519.Ed25519PrivateKey) -> Signer:
    """Return the sign function for Ed25519 (RFC 8032); uses libsodium if PyNaCl is installed.

    Both make the same signature, since it depends on the key and the message only (RFC 8032
    section 5.1.6). libsodium takes 60 % of the time.
    """
    sodium = _load_libsodium()
    if sodium is None:
        return key.sign
    sign_message = sodium.crypto_sign
    # The form of libsodium: the seed, which RFC 8032 calls the private key, and the public key.
    secret = key.private_bytes_raw() + key.public_key().public_bytes_raw()
    # libsodium returns the signature followed by the message.
    return lambda message: sign_message(message, secret)[:64]


def ed25519_verifier(key: ed25519.Ed25519PublicKey) -> Verifier:
    """Return the verify function for Ed25519 (RFC 8032); uses libsodium if PyNaCl is installed.

    libsodium takes half the time of ``cryptography`` and is stricter about small-order keys.
    """
    sodium = _load_libsodium()
    if sodium is not None:
        open_signed, bad_signature = sodium.crypto_sign_open, sodium.BadSignatureError
        raw = key.public_bytes_raw()

        def verify_by_sodium(message: bytes, signature: bytes) -> bool:
            if len(signature) != 64:
                return False
            try:
                open_signed(signature + message, raw)
            except bad_signature:
                return False
            return True

        return verify_by_sodium

    def verify(message: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    return verify


class _Sodium(NamedTuple):
    """What Ed25519 needs of libsodium."""

    crypto_sign: Callable[[bytes, bytes], bytes]
    crypto_sign_open: Callable[[bytes, bytes], bytes]
    BadSignatureError: type[Exception]


def _load_libsodium() -> _Sodium | None:
    # Imported when the first Ed25519 key is loaded, so that other applications need not load it.
    try:
        from nacl.bindings import crypto_sign, crypto_sign_open
        from nacl.exceptions import BadSignatureError
    except ImportError:
        return None
    return _Sodium(crypto_sign, crypto_sign_open, BadSignatureError)


def _hash_of(algorithm: Algorithm) -> hashes.HashAlgorithm:
    if algorithm.hash is None:
        raise ValueError(f"{algorithm.name} has no hash")
    return algorithm.hash


def _curve_of(algorithm: Algorithm) -> Curve:
    if algorithm.curve is None:
        raise ValueError(f"{algorithm.name} has no curve")
    return algorithm.curve
