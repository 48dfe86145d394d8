"""Strict base64url and JSON: each value has exactly one accepted encoding.

The input is covered by a signature. A lenient parser would let two parties read different values
from the same token.
"""

import json
import math
from binascii import Error as BinasciiError
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from typing import Any

import msgspec

#: Maximum nesting depth of a JSON text.
MAX_DEPTH = 32

_STANDARD_FROM_URL = bytes(
    {ord("-"): ord("+"), ord("_"): ord("/"), ord("+"): 0, ord("/"): 0, ord("="): 0}.get(c, c)
    for c in range(256)
)
_URL_FROM_STANDARD = bytes.maketrans(b"+/", b"-_")
_PADDING = {0: b"", 2: b"==", 3: b"="}
# RFC 4648 section 3.5: the unused bits of the last character must be zero.
_CANONICAL_LAST = {
    0: frozenset(range(256)),
    2: frozenset(b"AQgw"),
    3: frozenset(b"AEIMQUYcgkosw048"),
}

_decode_json = msgspec.json.Decoder().decode
_encode_json = msgspec.json.Encoder().encode
_PLAIN = frozenset({str, int, bool, type(None)})


def b64url_encode(data: bytes) -> bytes:
    """Encode bytes as unpadded base64url (RFC 7515 section 2)."""
    return b2a_base64(data, newline=False).translate(_URL_FROM_STANDARD).rstrip(b"=")


def b64url_decode(text: bytes) -> bytes:
    """Decode unpadded, canonical base64url (RFC 7515 section 2, RFC 4648 section 3.5).

    Raises:
        ValueError: for characters outside the alphabet, padding, an impossible length, or nonzero
            trailing bits.
    """
    if not text:
        return b""
    remainder = len(text) & 3
    if remainder == 1 or text[-1] not in _CANONICAL_LAST[remainder]:
        raise ValueError("not canonical base64url")
    try:
        return a2b_base64(
            text.translate(_STANDARD_FROM_URL) + _PADDING[remainder], strict_mode=True
        )
    except BinasciiError as error:
        raise ValueError("not base64url") from error


def parse_object(data: bytes) -> dict[str, Any]:
    """Parse one JSON object, strictly (RFC 8259; RFC 7519 section 4 on duplicate members).

    For most texts duplicate members can be excluded cheaply: without escapes and arrays, every
    member has one colon, so as many colons as members means that none was dropped and none is
    nested. Other texts are compared with the output of a canonical encoder.

    Raises:
        ValueError: when the bytes are not UTF-8 or not one object, are nested deeper than
            :data:`MAX_DEPTH`, or contain a duplicate member or a number that is not finite.
    """
    try:
        value = _decode_json(data)
        if value.__class__ is dict:
            if data.count(b":") == len(value) and b"[" not in data and b"\\" not in data:
                return value
            if data.count(b"[") + data.count(b"{") <= MAX_DEPTH and _encode_json(value) == data:
                return value
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    return _parse_slowly(data)


def _parse_slowly(data: bytes) -> dict[str, Any]:
    text = data.decode("utf-8")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object_of_unique_members,
            parse_constant=_reject_constant,
            parse_float=_finite_float,
        )
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("must be a json object")
    _reject_deep_nesting(value)
    _reject_lone_surrogates(value)
    return value


def _object_of_unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("JSON object with a duplicate member")
    return members


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite_float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("number out of range")
    return number


def _reject_deep_nesting(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    raise ValueError("JSON nested too deeply")


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [v for v in value.values() if isinstance(v, dict | list)]
    return [v for v in value if isinstance(v, dict | list)]


def _reject_lone_surrogates(value: dict[str, Any]) -> None:
    # Raises UnicodeEncodeError, a ValueError. Such a string could not be stored or sent later.
    json.dumps(value, ensure_ascii=False).encode("utf-8")


def _is_plain_list(value: Any) -> bool:
    return type(value) is list and all(type(member) in _PLAIN for member in value)


def dump_object(value: dict[str, Any], default: Callable[[Any], Any] | None = None) -> bytes:
    """Serialize a mapping as compact JSON in UTF-8.

    Args:
        value: the members; keys are strings.
        default: converts a value that JSON cannot represent.

    Raises:
        ValueError: for NaN and infinity, which JSON does not have.
        TypeError: for a value that neither JSON nor ``default`` supports.
    """
    # Every encoder writes these types alike. Dates, decimals and so on depend on the application's
    # JSON provider.
    if all(type(member) in _PLAIN or _is_plain_list(member) for member in value.values()):
        try:
            return _encode_json(value)
        except (OverflowError, UnicodeEncodeError):  # a large integer, a lone surrogate
            pass
    return json.dumps(value, separators=(",", ":"), allow_nan=False, default=default).encode()
