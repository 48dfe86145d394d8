"""The checks of a decoded token, as functions of its header and claims."""

import json
from typing import Any

from flask import Flask, current_app

from flask_watchword.extension.callbacks.call import call
from flask_watchword.extension.errors import (
    RevokedTokenError,
    UserClaimsVerificationError,
)
from flask_watchword.extension.errors import WrongTokenError as WrongTokenError
from flask_watchword.extension.manager import JWTManager
from flask_watchword.extension.tokens.json_default import json_default
from flask_watchword.extension.verification.token_checks import check_type

Claims = dict[str, Any]


def get_jwt_manager() -> JWTManager:
    """Return the ``JWTManager`` of the current application.

    Raises:
        RuntimeError: when the application has none.
    """
    try:
        manager: JWTManager = current_app.extensions["flask-jwt-extended"]
    except KeyError:
        raise RuntimeError(
            "You must initialize a JWTManager with this flask application before using this method"
        ) from None
    return manager


def has_user_lookup() -> bool:
    """Return whether a user lookup loader is registered."""
    return get_jwt_manager()._user_lookup_callback is not None


def user_lookup(jwt_header: Claims, jwt_data: Claims) -> Any:
    """Return the result of the user lookup loader; ``None`` without a loader."""
    loader = get_jwt_manager()._user_lookup_callback
    return loader and call(loader, jwt_header, jwt_data)


def verify_token_type(decoded_token: Claims, refresh: bool) -> None:
    """Check that a token is a refresh token, or that it is not one.

    Raises:
        WrongTokenError: when it has the other type.
    """
    check_type(decoded_token, refresh)


def verify_token_not_blocklisted(jwt_header: Claims, jwt_data: Claims) -> None:
    """Check that the blocklist loader does not report a token as revoked.

    Raises:
        RevokedTokenError: when it does.
    """
    if call(get_jwt_manager()._token_in_blocklist_callback, jwt_header, jwt_data):
        raise RevokedTokenError(jwt_header, jwt_data)


def custom_verification_for_token(jwt_header: Claims, jwt_data: Claims) -> None:
    """Check that the token verification loader accepts a token.

    Raises:
        UserClaimsVerificationError: when it does not.
    """
    if not call(get_jwt_manager()._token_verification_callback, jwt_header, jwt_data):
        raise UserClaimsVerificationError("User claims verification failed", jwt_header, jwt_data)


class JSONEncoder(json.JSONEncoder):
    """Encode values that JSON has no type for as the current application's JSON provider does."""

    def default(self, o: Any) -> Any:
        """Return a value that can be encoded as JSON."""
        return json_default(current_app)(o)


def get_json_encoder(app: Flask) -> type[json.JSONEncoder]:
    """Return the JSON encoder class for an application's tokens."""
    return JSONEncoder
