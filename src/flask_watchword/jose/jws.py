"""JWS compact serialization (RFC 7515 section 7.1): header, payload and signature segments."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from flask_watchword.errors import (
    DecodeError,
    InvalidAlgorithmError,
    InvalidSignatureError,
    InvalidTokenError,
    UnknownKeyError,
)
from flask_watchword.jose.encoding import b64url_decode, b64url_encode, dump_object, parse_object
from flask_watchword.jose.keys import Key

#: Default size limit of a token, checked before anything else.
MAX_TOKEN_BYTES = 8192
#: Most keys that are tried for one token: each costs a signature verification, and any client can
#: send tokens.
MAX_CANDIDATES = 16

#: Signing input, header, payload and signature, still encoded.
Parts = tuple[bytes, bytes, bytes, bytes]


def split_compact(token: object, max_token_bytes: int) -> Parts:
    """Split a token into its parts.

    Raises:
        DecodeError: when it is too large, not text, not ASCII, or not of three segments.
    """
    return split(check_size(token, max_token_bytes))


def split(token: str | bytes) -> Parts:
    """Split a token whose size has been checked.

    Raises:
        DecodeError: when it is not ASCII, or not of three segments.
    """
    try:
        data = token.encode("ascii") if isinstance(token, str) else token
    except UnicodeEncodeError:
        raise DecodeError("Invalid token: characters outside the base64url alphabet") from None
    signing_input, last_dot, signature = data.rpartition(b".")
    header, first_dot, payload = signing_input.partition(b".")
    if not (first_dot and last_dot):
        raise DecodeError("Not enough segments")
    if b"." in payload:
        raise DecodeError("Too many segments")
    return signing_input, header, payload, signature


def check_size(token: object, max_token_bytes: int) -> str | bytes:
    """Check that a token is text or bytes within the size limit, and return it.

    Raises:
        DecodeError: when it is not.
    """
    if not isinstance(token, (str, bytes)):
        raise DecodeError("Invalid token type. Token must be a <class 'bytes'>")
    if len(token) > max_token_bytes:
        raise DecodeError(f"Token is larger than {max_token_bytes} bytes")
    return token


def read_header(segment: bytes) -> dict[str, Any]:
    """Parse and check a header segment whose signature is not verified yet.

    It may contain ``jwk``, ``jku``, ``x5u`` and ``x5c``. Nothing here reads them: a token must
    not name the key it is verified with (RFC 8725 section 3.10).

    Raises:
        DecodeError: when it is not canonical base64url of one strict JSON object.
        InvalidTokenError: see :func:`check_header`.
    """
    header = parse_header(segment)
    check_header(header)
    return header


def parse_header(segment: bytes) -> dict[str, Any]:
    """Parse a header segment without checking its members.

    Raises:
        DecodeError: when it is not canonical base64url of one strict JSON object.
    """
    try:
        return parse_object(_decode_segment(segment, "header"))
    except ValueError as error:
        raise DecodeError(f"Invalid header string: {error}") from error


def check_header(header: Mapping[str, Any]) -> None:
    """Check that a header requires no unsupported extension.

    Raises:
        InvalidTokenError: for ``crit`` and ``b64``, since no extension is supported (RFC 7515
            section 4.1.11, RFC 7797), and for a ``kid`` that is not a string.
    """
    if "crit" in header or "b64" in header:
        raise InvalidTokenError("Unsupported critical extension in the token's header")
    if "kid" in header and not isinstance(header["kid"], str):
        raise InvalidTokenError("Key ID header parameter must be a string")


def check_algorithm(header: Mapping[str, Any], allowed: Collection[str]) -> None:
    """Check that the header's ``alg`` is in an allow-list; the comparison is case-sensitive.

    Raises:
        InvalidAlgorithmError: when it is not, or is missing.
    """
    if "alg" not in header:
        raise InvalidAlgorithmError("Algorithm not specified")
    if header["alg"] not in allowed:
        raise InvalidAlgorithmError("The specified alg value is not allowed")


def keys_for(header: Mapping[str, Any], keys: Sequence[Key]) -> Sequence[Key]:
    """Select the keys that a token may have been signed with: by ``kid``, else by ``alg``.

    If a key has the token's ``kid``, it is the only candidate. Otherwise the keys without a ``kid``
    are candidates, and for a token without ``kid`` all keys. Of these, only keys that are bound to
    the header's ``alg`` remain (case-sensitive): a token cannot choose how it is verified.

    Returns:
        The candidates, at least one and at most :data:`MAX_CANDIDATES`.

    Raises:
        InvalidAlgorithmError: when no key has the ``alg``, or the key of that ``kid`` has another.
        UnknownKeyError: when there is no candidate, or too many to try.
    """
    check_algorithm(header, [key.algorithm for key in keys])
    return select_keys(header, keys)


def select_keys(header: Mapping[str, Any], keys: Sequence[Key]) -> Sequence[Key]:
    """Select keys as :func:`keys_for` does, for a header whose ``alg`` has been checked."""
    kid = header.get("kid")
    candidates: Sequence[Key] = keys
    if kid is not None:
        named = [key for key in keys if key.kid == kid]
        candidates = named or [key for key in keys if key.kid is None]
    if not candidates:
        raise UnknownKeyError("No key is known for this token", kid)
    # Again, among the keys of this kid: RFC 8725 section 3.1.
    check_algorithm(header, [key.algorithm for key in candidates])
    matching = [key for key in candidates if key.algorithm == header["alg"]]
    if len(matching) > MAX_CANDIDATES:
        raise UnknownKeyError("The token does not say which key it was signed with", kid)
    return matching


def verify_signature(signing_input: bytes, signature: bytes, keys: Sequence[Key]) -> Key:
    """Verify a signature segment over a signing input.

    Returns:
        The first key that verifies it.

    Raises:
        DecodeError: when the segment is not canonical base64url.
        InvalidSignatureError: when none of the keys verifies it.
    """
    try:
        octets = b64url_decode(signature)
    except ValueError as error:
        raise DecodeError("Invalid crypto padding") from error
    for key in keys:
        if key.verify(signing_input, octets):
            return key
    raise InvalidSignatureError("Signature verification failed")


def decode_payload(segment: bytes) -> bytes:
    """Decode a payload segment.

    Raises:
        DecodeError: when it is not canonical base64url.
    """
    return _decode_segment(segment, "payload")


def decode_signature(segment: bytes) -> bytes:
    """Decode a signature segment.

    Raises:
        DecodeError: when it is not canonical base64url.
    """
    return _decode_segment(segment, "crypto")


def verify_compact(
    token: object, keys: Sequence[Key], *, max_token_bytes: int = MAX_TOKEN_BYTES
) -> tuple[dict[str, Any], bytes]:
    """Verify a compact JWS (RFC 7515 section 5.2).

    Args:
        token: the compact serialization, ``str`` or ``bytes``.
        keys: the keys to select from; their algorithms are the allow-list.
        max_token_bytes: size limit; larger tokens are rejected before anything else.

    Returns:
        The header and the payload's bytes.

    Raises:
        TokenRejected: a subclass that tells why.
    """
    signing_input, header_segment, payload, signature = split_compact(token, max_token_bytes)
    header = read_header(header_segment)
    verify_signature(signing_input, signature, keys_for(header, keys))
    return header, decode_payload(payload)


def sign_compact(payload: bytes, key: Key, header: Mapping[str, Any] | None = None) -> str:
    """Sign a payload and return the compact serialization (RFC 7515 section 5.1).

    Args:
        payload: the bytes to sign.
        key: the signing key; its algorithm becomes ``alg``, and its ``kid``, if any, ``kid``.
        header: further header members, written in the order given, after these two.
    """
    return sign_segment(header_segment(key.algorithm, key.kid, header or {}), payload, key)


def header_segment(
    algorithm: str,
    kid: str | None,
    header: Mapping[str, Any],
    json_default: Callable[[Any], Any] | None = None,
) -> bytes:
    """Encode a header; ``alg`` and ``kid`` always come from the key, not from ``header``."""
    own = {"alg": algorithm} if kid is None else {"alg": algorithm, "kid": kid}
    # Twice: the first determines the order, the second takes precedence.
    return b64url_encode(dump_object(own | dict(header) | own, json_default))


def sign_segment(header_segment: bytes, payload: bytes, key: Key) -> str:
    """Sign a payload with a header segment that is already encoded."""
    signing_input = header_segment + b"." + b64url_encode(payload)
    return (signing_input + b"." + b64url_encode(key.sign(signing_input))).decode("ascii")


def _decode_segment(segment: bytes, name: str) -> bytes:
    try:
        return b64url_decode(segment)
    except ValueError as error:
        raise DecodeError(f"Invalid {name} padding") from error
