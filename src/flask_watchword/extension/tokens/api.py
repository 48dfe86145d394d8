"""The functions with which applications create and decode tokens."""

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
        identity: the user of the token: a string, or a value that the user identity loader
            converts to one.
        fresh: whether the token is fresh, or for how long (a timedelta).
        expires_delta: the lifetime; ``False`` for no expiry, ``None`` for
            JWT_ACCESS_TOKEN_EXPIRES.
        additional_claims: further claims; they override those of the additional claims loader.
        additional_headers: further header members; they override those of the loader.
        **legacy: ``user_claims`` and ``headers``, the names in release 3.

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
        identity: the user of the token: a string, or a value that the user identity loader
            converts to one.
        expires_delta: the lifetime; ``False`` for no expiry, ``None`` for
            JWT_REFRESH_TOKEN_EXPIRES.
        additional_claims: further claims; they override those of the additional claims loader.
        additional_headers: further header members; they override those of the loader.
        **legacy: ``user_claims`` and ``headers``, the names in release 3.

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
    """Verify a token and return its claims; the blocklist and user loaders are not called.

    Args:
        encoded_token: the token.
        csrf_value: the CSRF double submit value that must match the token.
        allow_expired: whether to accept a token that is valid except that it has expired.

    Returns:
        The claims.

    Raises:
        TokenRejected, JWTExtendedException: when the token is not accepted.
    """
    state = current_state()
    decoding = state.snapshot(current_app.config).decoding
    now = state.callbacks.clock()
    return state.verify(decoding, encoded_token, csrf_value, now, allow_expired).copy().claims


#: Decodes for the two functions below; tests replace it, see :func:`replace_decoding`.
_decode: Callable[[str], Claims] = decode_token


def replace_decoding(function: Callable[[str], Claims]) -> None:
    """Make :func:`get_jti` and :func:`get_csrf_token` decode with another function."""
    global _decode
    _decode = function


def get_jti(encoded_token: str) -> str | None:
    """Verify a token and return its ``jti``."""
    return _decode(encoded_token).get("jti")


def get_csrf_token(encoded_token: str) -> str:
    """Verify a token and return its CSRF double submit value.

    Raises:
        TokenRejected, JWTExtendedException: when the token is not accepted or has no such value.
    """
    return csrf_of(_decode(encoded_token))


def get_unverified_jwt_headers(encoded_token: str) -> dict[str, Any]:
    """Return the header of a token without verifying it.

    It also works outside of an application context; inside one, JWT_MAX_TOKEN_BYTES applies.

    Raises:
        TokenRejected: when the token is malformed.
    """
    config = current_app.config if current_app else {}
    limit = config.get("JWT_MAX_TOKEN_BYTES", MAX_TOKEN_BYTES)
    return decode_unverified(encoded_token, limit).header
