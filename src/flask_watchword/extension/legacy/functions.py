"""The functions of Flask-JWT-Extended 3, which many tutorials still use."""

from collections.abc import Callable
from typing import Any, overload

from flask_watchword.extension.legacy.deprecation import user_claims_key, warn_renamed
from flask_watchword.extension.tokens.api import decode_token, get_unverified_jwt_headers
from flask_watchword.extension.verification.current import get_jwt, get_jwt_header
from flask_watchword.extension.verification.decorators import (
    View,
    jwt_required,
    verify_jwt_in_request,
)


@overload
def jwt_optional(view: View, /) -> View: ...


@overload
def jwt_optional() -> Callable[[View], View]: ...


def jwt_optional(view: Any = None) -> Any:
    """Allow requests without a token, as ``jwt_required(optional=True)`` does."""
    warn_renamed("jwt_optional", "jwt_required(optional=True)")
    decorate = jwt_required(optional=True)
    return decorate if view is None else decorate(view)


@overload
def fresh_jwt_required(view: View, /) -> View: ...


@overload
def fresh_jwt_required() -> Callable[[View], View]: ...


def fresh_jwt_required(view: Any = None) -> Any:
    """Require a fresh token, as ``jwt_required(fresh=True)`` does."""
    warn_renamed("fresh_jwt_required", "jwt_required(fresh=True)")
    decorate = jwt_required(fresh=True)
    return decorate if view is None else decorate(view)


@overload
def jwt_refresh_token_required(view: View, /) -> View: ...


@overload
def jwt_refresh_token_required() -> Callable[[View], View]: ...


def jwt_refresh_token_required(view: Any = None) -> Any:
    """Require a refresh token, as ``jwt_required(refresh=True)`` does."""
    warn_renamed("jwt_refresh_token_required", "jwt_required(refresh=True)")
    decorate = jwt_required(refresh=True)
    return decorate if view is None else decorate(view)


def verify_jwt_in_request_optional() -> None:
    """Verify a token if there is one, as ``verify_jwt_in_request(optional=True)`` does."""
    warn_renamed("verify_jwt_in_request_optional", "verify_jwt_in_request(optional=True)")
    verify_jwt_in_request(optional=True)


def verify_fresh_jwt_in_request() -> None:
    """Verify a fresh token, as ``verify_jwt_in_request(fresh=True)`` does."""
    warn_renamed("verify_fresh_jwt_in_request", "verify_jwt_in_request(fresh=True)")
    verify_jwt_in_request(fresh=True)


def verify_jwt_refresh_token_in_request() -> None:
    """Verify a refresh token, as ``verify_jwt_in_request(refresh=True)`` does."""
    warn_renamed("verify_jwt_refresh_token_in_request", "verify_jwt_in_request(refresh=True)")
    verify_jwt_in_request(refresh=True)


def get_raw_jwt(encoded_token: str | None = None) -> dict[str, Any]:
    """Return the claims of the current request's token, or of the given token."""
    if encoded_token:
        warn_renamed("get_raw_jwt(encoded_token)", "decode_token(encoded_token)")
        return decode_token(encoded_token)
    warn_renamed("get_raw_jwt", "get_jwt")
    return get_jwt()


def get_raw_jwt_header(encoded_token: str | None = None) -> dict[str, Any]:
    """Return the header of the current request's token, or of the given token."""
    if encoded_token:
        warn_renamed("get_raw_jwt_header(encoded_token)", "get_unverified_jwt_headers")
        return get_unverified_jwt_headers(encoded_token)
    warn_renamed("get_raw_jwt_header", "get_jwt_header")
    return get_jwt_header()


def get_jwt_claims() -> dict[str, Any]:
    """Return the user claims of the current request's token."""
    warn_renamed("get_jwt_claims", "get_jwt")
    claims: dict[str, Any] = get_jwt().get(user_claims_key(), {})
    return claims
