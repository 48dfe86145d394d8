"""The careful path: every check of a token up to its claims, by name and in order.

The decoder runs these checks on a token that its fast path does not accept, and an explanation of a
token records their results. So there is one list of the checks.
"""

from collections.abc import Callable, Sequence
from typing import Any

from flask_watchword.errors import DecodeError
from flask_watchword.jose import jws
from flask_watchword.jose.encoding import parse_object
from flask_watchword.jose.keys import Key


class Candidate:
    """A token that is being checked, and what the checks have found so far.

    Attributes:
        token: the compact serialization; text or bytes after the first check.
        keys: the keys that verify.
        max_token_bytes: size limit of a token.
        parts: its segments, encoded.
        header: its header.
        usable_keys: the keys that it may have been signed with.
        key: the key that it was signed with.
        claims: its claims.
    """

    __slots__ = (
        "claims",
        "header",
        "key",
        "keys",
        "max_token_bytes",
        "parts",
        "token",
        "usable_keys",
    )

    token: Any
    parts: jws.Parts
    header: dict[str, Any]
    usable_keys: Sequence[Key]
    key: Key
    claims: dict[str, Any]

    def __init__(self, token: object, keys: Sequence[Key], max_token_bytes: int) -> None:
        self.token = token
        self.keys = keys
        self.max_token_bytes = max_token_bytes


#: Raises ``TokenRejected``, or stores what it has found in the candidate.
Check = Callable[[Candidate], None]


def _check_size(candidate: Candidate) -> None:
    jws.check_size(candidate.token, candidate.max_token_bytes)


def _split(candidate: Candidate) -> None:
    candidate.parts = jws.split(candidate.token)


def _parse_header(candidate: Candidate) -> None:
    candidate.header = jws.parse_header(candidate.parts[1])


def _check_header(candidate: Candidate) -> None:
    jws.check_header(candidate.header)


def _check_algorithm(candidate: Candidate) -> None:
    jws.check_algorithm(candidate.header, [key.algorithm for key in candidate.keys])


def _select_keys(candidate: Candidate) -> None:
    candidate.usable_keys = jws.select_keys(candidate.header, candidate.keys)


def _verify_signature(candidate: Candidate) -> None:
    signing_input, _, _, signature = candidate.parts
    candidate.key = jws.verify_signature(signing_input, signature, candidate.usable_keys)


def _parse_payload(candidate: Candidate) -> None:
    candidate.claims = parse_claims(candidate.parts[2])


def parse_claims(segment: bytes) -> dict[str, Any]:
    """Parse a payload segment as claims.

    Raises:
        DecodeError: when it is not canonical base64url of one strict JSON object.
    """
    try:
        return parse_object(jws.decode_payload(segment))
    except ValueError as error:
        raise DecodeError(f"Invalid payload string: {error}") from error


#: The checks of a token, in order; the checks of its claims follow (:attr:`Policy.claim_checks`).
CHECKS: Sequence[tuple[str, Check]] = (
    ("size", _check_size),
    ("three segments", _split),
    ("header", _parse_header),
    ("critical extensions", _check_header),
    ("alg", _check_algorithm),
    ("key", _select_keys),
    ("signature", _verify_signature),
    ("payload", _parse_payload),
)
