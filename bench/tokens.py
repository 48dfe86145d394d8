"""Tokens created before anything is timed, with the claims of the extensions' tokens."""

import time
import uuid
from collections.abc import Callable
from itertools import pairwise

import jwt

from bench.keys import Keys

IDENTITY = "test@example.com"
LIFETIME = 3600
"""Seconds; longer than a run, so that no token expires under measurement."""

Supply = Callable[[int], list[str]]
"""Given a count, that many tokens."""


def fresh_tokens(keys: Keys, *, type_: str = "access", expires_in: int = LIFETIME) -> Supply:
    """Return a supply of tokens that are all different."""
    return lambda count: [_encode(keys, type_, expires_in) for _ in range(count)]


def one_token(keys: Keys) -> Supply:
    """Return a supply that repeats one token."""
    token = _encode(keys, "access", LIFETIME)
    return lambda count: [token] * count


def same_text(text: str) -> Supply:
    """Return a supply of text that is not a token."""
    return lambda count: [text] * count


def wrongly_signed_tokens(keys: Keys) -> Supply:
    """Return a supply of tokens that each have the signature of another one."""

    def supply(count: int) -> list[str]:
        genuine = fresh_tokens(keys)(count + 1)
        return [
            f"{token.rpartition('.')[0]}.{other.rpartition('.')[2]}"
            for token, other in pairwise(genuine)
        ]

    return supply


def _encode(keys: Keys, type_: str, expires_in: int) -> str:
    now = int(time.time())
    claims = {
        "fresh": False,
        "iat": now,
        "jti": str(uuid.uuid4()),
        "type": type_,
        "sub": IDENTITY,
        "nbf": now,
        "csrf": str(uuid.uuid4()),
        "exp": now + expires_in,
    }
    return jwt.encode(claims, keys.signing, keys.algorithm)
