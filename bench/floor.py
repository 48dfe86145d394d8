"""The lowest cost of a protected route: a hand-written check for one key and one policy.

It has no options, loaders or error messages, and reads only the header; an extension's additional
cost is the cost of those.
"""

import binascii
import hashlib
import hmac
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import abort
from flask.globals import _cv_app, _cv_request

from bench import pynacl
from bench.keys import Keys

REMEMBERED = 4096
"""Tokens remembered before all are forgotten."""

View = Callable[..., Any]
Verify = Callable[[bytes, bytes], bool]
"""Given signing input and signature, whether they belong together."""

_read_claims = msgspec.json.Decoder(dict[str, Any]).decode


class FloorCheck:
    """Verify a bearer token and cache it."""

    def __init__(self, keys: Keys, token_type: str = "access") -> None:
        self._type = token_type
        header = msgspec.json.encode({"alg": keys.algorithm, "typ": "JWT"})
        self._header = binascii.b2a_base64(header, newline=False).rstrip(b"=")
        self._verify = _verifier(keys)
        self._remembered: dict[str, dict[str, Any]] = {}

    def protect(self, view: View) -> View:
        """Wrap a view so that it runs only for a valid token of the type."""
        remembered, token_type = self._remembered, self._type

        @wraps(view)
        def protected() -> Any:
            # Flask's own context variables: its proxies `request` and `g` are slower.
            environ = _cv_request.get().request.environ
            authorization = environ.get("HTTP_AUTHORIZATION", "")
            if authorization[:7] != "Bearer ":
                abort(401)
            token = authorization[7:]
            claims = remembered.get(token)
            if claims is None:
                claims = self._decode(token)
            now = time.time()
            if claims["exp"] <= now or claims["nbf"] > now or claims["type"] != token_type:
                abort(401)
            _cv_app.get().g.bench_claims = claims
            return view()

        return protected

    def _decode(self, token: str) -> dict[str, Any]:
        header, payload, signature = token.encode("ascii").split(b".")
        if header != self._header:
            abort(401)
        if not self._verify(header + b"." + payload, _from_base64url(signature)):
            abort(401)
        claims = _read_claims(_from_base64url(payload))
        if len(self._remembered) >= REMEMBERED:
            self._remembered.clear()
        self._remembered[token] = claims
        return claims


def _from_base64url(text: bytes) -> bytes:
    """Decode base64url; raise for any other text, except for trailing bits that are not zero."""
    padded = text.translate(_TO_STANDARD) + _PADDING[len(text) % 4]
    return binascii.a2b_base64(padded, strict_mode=True)


_TO_STANDARD = bytes.maketrans(b"-_+/", b"+/\0\0")
_PADDING = (b"", b"===", b"==", b"=")


def _verifier(keys: Keys) -> Verify:
    private = keys.signing
    if isinstance(private, str):
        return _hmac_verifier(private.encode())
    if isinstance(private, rsa.RSAPrivateKey):
        return _rsa_verifier(private.public_key())
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return _ecdsa_verifier(private.public_key())
    return _ed25519_verifier(private.public_key())


def _hmac_verifier(secret: bytes) -> Verify:
    # RFC 2104 by hand, so that each token copies two hash states instead of hashing the key again.
    # A key longer than a block would have to be hashed first; this one is shorter.
    block = secret.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def verify(signing_input: bytes, signature: bytes) -> bool:
        message, mac = inner.copy(), outer.copy()
        message.update(signing_input)
        mac.update(message.digest())
        return hmac.compare_digest(mac.digest(), signature)

    return verify


def _rsa_verifier(public: rsa.RSAPublicKey) -> Verify:
    scheme, digest = padding.PKCS1v15(), hashes.SHA256()
    return _by_exception(
        lambda signing_input, signature: public.verify(signature, signing_input, scheme, digest)
    )


def _ecdsa_verifier(public: ec.EllipticCurvePublicKey) -> Verify:
    scheme = ec.ECDSA(hashes.SHA256())

    def verify(signing_input: bytes, signature: bytes) -> None:
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        public.verify(encode_dss_signature(r, s), signing_input, scheme)

    return _by_exception(verify)


def _ed25519_verifier(public: ed25519.Ed25519PublicKey) -> Verify:
    if pynacl.is_importable():
        return _sodium_verifier(public)
    return _by_exception(lambda signing_input, signature: public.verify(signature, signing_input))


def _sodium_verifier(public: ed25519.Ed25519PublicKey) -> Verify:
    from nacl.exceptions import BadSignatureError
    from nacl.signing import VerifyKey

    key = VerifyKey(public.public_bytes(Encoding.Raw, PublicFormat.Raw))

    def verify(signing_input: bytes, signature: bytes) -> bool:
        try:
            key.verify(signing_input, signature)
        except BadSignatureError:
            return False
        return True

    return verify


def _by_exception(check: Callable[[bytes, bytes], object]) -> Verify:
    def verify(signing_input: bytes, signature: bytes) -> bool:
        try:
            check(signing_input, signature)
        except InvalidSignature:
            return False
        return True

    return verify
