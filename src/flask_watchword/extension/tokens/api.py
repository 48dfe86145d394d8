"""The functions by which applications make and read tokens outside of a protected view."""

from collections.abc import Callable
from typing import Any

from flask import current_app

from flask_watchword.extension.legacy.deprecation import legacy_token_arguments
from flask_watchword.extension.state import current_state
from flask_watchword.extension.tokens.creation import Claims, ExpiresDelta, Fresh, create
from flask_watchword.extension.verification.csrf import csrf_of
from flask_watchword.jose import decode_unverified
from flask_watchword.jose.jws import MAX_TOKEN_BYTES


def create_access_token(
    identity: Any,
    fresh: Fresh = False,
    expires_delta: ExpiresDelta | None = None,
    additional_claims: Claims | None = None,
    additional_headers: Claims | None = None,
    **legacy: Any,
) -> str:
    """Create an access token.

    Args:
        identity: who the token is for; a string, or what the user identity loader turns into one.
        fresh: whether the token is fresh, or for how long (a timedelta).
        expires_delta: how long it lives; ``False`` for ever, ``None`` for
            JWT_ACCESS_TOKEN_EXPIRES.
        additional_claims: further claims; they win over those of the additional claims loader.
        additional_headers: further header members; they win over those of the loader.
        **legacy: ``user_claims`` and ``headers``, as release 3 called them.

    Returns:
        The encoded token.
    """
    if legacy:
        additional_claims, additional_headers = legacy_token_arguments(
            legacy, additional_claims, additional_headers
        )
    return create(identity, "access", additional_claims, fresh, expires_delta, additional_headers)


def create_refresh_token(
    identity: Any,
    expires_delta: ExpiresDelta | None = None,
    additional_claims: Claims | None = None,
    additional_headers: Claims | None = None,
    **legacy: Any,
) -> str:
    """Create a refresh token.

    Args:
        identity: who the token is for; a string, or what the user identity loader turns into one.
        expires_delta: how long it lives; ``False`` for ever, ``None`` for
            JWT_REFRESH_TOKEN_EXPIRES.
        additional_claims: further claims; they win over those of the additional claims loader.
        additional_headers: further header members; they win over those of the loader.
        **legacy: ``user_claims`` and ``headers``, as release 3 called them.

    Returns:
        The encoded token.
    """
    if legacy:
        additional_claims, additional_headers = legacy_token_arguments(
            legacy, additional_claims, additional_headers
        )
    return create(identity, "refresh", additional_claims, False, expires_delta, additional_headers)


def decode_token(
    encoded_token: str, csrf_value: str | None = None, allow_expired: bool = False
) -> dict[str, Any]:
    """Verify a token and return its claims, without asking blocklist or user loaders.

    Args:
        encoded_token: the token.
        csrf_value: the CSRF double submit value that has to be the token's.
        allow_expired: whether a token whose only fault is its age is accepted.

    Returns:
        The claims.

    Raises:
        TokenRejected, JWTExtendedException: when the token is not accepted.
    """
    state = current_state()
    decoding = state.snapshot(current_app.config).decoding
    now = state.callbacks.clock()
    return state.verify(decoding, encoded_token, csrf_value, now, allow_expired).copy().claims


#: What the two below decode with; tests replace it, see :func:`replace_decoding`.
_decode: Callable[[str], Claims] = decode_token


def replace_decoding(function: Callable[[str], Claims]) -> None:
    """Have :func:`get_jti` and :func:`get_csrf_token` decode by another function."""
    global _decode
    _decode = function


def get_jti(encoded_token: str) -> str | None:
    """Return the ``jti`` of a token that is verified first."""
    return _decode(encoded_token).get("jti")


def get_csrf_token(encoded_token: str) -> str:
    """Return the CSRF double submit value of a token that is verified first.

    Raises:
        TokenRejected, JWTExtendedException: when the token is not accepted, or has no such value.
    """
    return csrf_of(_decode(encoded_token))


def get_unverified_jwt_headers(encoded_token: str) -> dict[str, Any]:
    """Return the header of a token without verifying anything.

    It works outside of an application as well; inside, JWT_MAX_TOKEN_BYTES counts.

    Raises:
        TokenRejected: when the token is malformed.
    """
    config = current_app.config if current_app else {}
    limit = config.get("JWT_MAX_TOKEN_BYTES", MAX_TOKEN_BYTES)
    return decode_unverified(encoded_token, limit).header
