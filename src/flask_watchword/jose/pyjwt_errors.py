"""The names that PyJWT gives to malformed tokens: the contract that applications know."""

from typing import TYPE_CHECKING

import jwt

from flask_watchword.errors import DecodeError, InvalidTokenError, TokenRejected

if TYPE_CHECKING:
    from jwt.types import Options  # PyJWT before 2.11 has no such type

_WITHOUT_VERIFYING: "Options" = {"verify_signature": False}


def translate(token: object, reason: TokenRejected, max_token_bytes: int) -> TokenRejected:
    """Return PyJWT's error for a token's form, as ours, or the reason given if it finds none.

    Args:
        token: the token that is refused in any case.
        reason: why it is refused here.
        max_token_bytes: a larger token is not looked at.
    """
    if not isinstance(token, str | bytes) or len(token) > max_token_bytes:
        return reason
    try:
        jwt.decode_complete(token, options=_WITHOUT_VERIFYING)
    except (UnicodeEncodeError, RecursionError):
        return reason
    except jwt.InvalidTokenError as error:
        return _as_ours(error)
    return reason


def _as_ours(error: jwt.InvalidTokenError) -> TokenRejected:
    if isinstance(error, jwt.DecodeError):
        return DecodeError(str(error))
    return InvalidTokenError(str(error))
