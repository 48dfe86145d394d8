"""The default callbacks, used for those that the application has not registered."""

from http import HTTPStatus
from typing import Any

from flask import current_app
from flask.typing import ResponseReturnValue

from flask_watchword.extension.options.values import decode_key, encode_key
from flask_watchword.extension.responses.messages import message

Claims = dict[str, Any]


def default_expired_token_callback(jwt_header: Claims, jwt_data: Claims) -> ResponseReturnValue:
    """Respond to an expired token."""
    return message("Token has expired", HTTPStatus.UNAUTHORIZED)


def default_invalid_token_callback(error_string: str) -> ResponseReturnValue:
    """Respond to a rejected token with the reason."""
    return message(error_string, HTTPStatus.UNPROCESSABLE_ENTITY)


def default_unauthorized_callback(error_string: str) -> ResponseReturnValue:
    """Respond to a request without a token with what was expected."""
    return message(error_string, HTTPStatus.UNAUTHORIZED)


def default_needs_fresh_token_callback(jwt_header: Claims, jwt_data: Claims) -> ResponseReturnValue:
    """Respond to a token that is not fresh."""
    return message("Fresh token required", HTTPStatus.UNAUTHORIZED)


def default_revoked_token_callback(jwt_header: Claims, jwt_data: Claims) -> ResponseReturnValue:
    """Respond to a revoked token."""
    return message("Token has been revoked", HTTPStatus.UNAUTHORIZED)


def default_user_lookup_error_callback(jwt_header: Claims, jwt_data: Claims) -> ResponseReturnValue:
    """Respond to a token whose user was not found."""
    identity = jwt_data[current_app.config["JWT_IDENTITY_CLAIM"]]
    return message(f"Error loading the user {identity}", HTTPStatus.UNAUTHORIZED)


def default_token_verification_failed_callback(
    jwt_header: Claims, jwt_data: Claims
) -> ResponseReturnValue:
    """Respond to a token that the token verification loader rejected."""
    return message("User claims verification failed", HTTPStatus.BAD_REQUEST)


def default_additional_claims_callback(userdata: Any) -> Claims:
    """Add no claims to a new token."""
    return {}


def default_jwt_headers_callback(default_headers: Any) -> Claims:
    """Add no header members to a new token."""
    return {}


def default_user_identity_callback(userdata: Any) -> Any:
    """Use the identity as it was passed."""
    return userdata


def default_blocklist_callback(jwt_headers: Claims, jwt_data: Claims) -> bool:
    """Report no token as revoked."""
    return False


def default_token_verification_callback(_jwt_header: Claims, _jwt_data: Claims) -> bool:
    """Accept every token."""
    return True


def default_decode_key_callback(jwt_header: Claims, jwt_data: Claims) -> Any:
    """Verify every token with the configured key."""
    return decode_key(current_app.config)


def default_encode_key_callback(identity: Any) -> Any:
    """Sign every token with the configured key."""
    return encode_key(current_app.config)
