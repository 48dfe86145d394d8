"""Translate errors of malformed tokens to PyJWT's, which applications expect."""

from typing import TYPE_CHECKING

import jwt

from flask_watchword.errors import DecodeError, InvalidTokenError, TokenRejected

if TYPE_CHECKING:
    from jwt.types import Options  # PyJWT before 2.11 has no such type

_UNVERIFIED: "Options" = {"verify_signature": False}


def translate(token: object, reason: TokenRejected, max_token_bytes: int) -> TokenRejected:
    """Return PyJWT's error for a malformed token, as our class; ``reason`` if PyJWT has none.

    Args:
        token: the rejected token.
        reason: our own error.
        max_token_bytes: larger tokens are not passed to PyJWT.
    """
    if not isinstance(token, str | bytes) or len(token) > max_token_bytes:
        return reason
    try:
        jwt.decode_complete(token, options=_UNVERIFIED)
    except (UnicodeEncodeError, RecursionError):
        return reason
    except jwt.InvalidTokenError as error:
        return _as_ours(error)
    return reason


def _as_ours(error: jwt.InvalidTokenError) -> TokenRejected:
    if isinstance(error, jwt.DecodeError):
        return DecodeError(str(error))
    return InvalidTokenError(str(error))
