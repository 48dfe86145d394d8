"""The loaders of Flask-JWT-Extended 3, with its names and arguments."""

from functools import wraps
from inspect import Parameter, signature
from typing import Any

from flask import current_app

from flask_watchword.extension.callbacks.call import call
from flask_watchword.extension.callbacks.registered import Callback, Callbacks
from flask_watchword.extension.legacy.deprecation import user_claims_key, warn_renamed

_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def accepting(count: int, callback: Callback, name: str) -> Callback:
    """Return a callback that takes ``count`` arguments, for one that may take fewer.

    Release 3 called several loaders without arguments, and that for expired tokens with the claims.
    """
    takes = _positional_parameters(callback)
    if takes is None or takes >= count:
        return callback
    warn_renamed(f"a @{name} with {takes} parameters", "(jwt_header, jwt_payload)")

    @wraps(callback)
    def adapted(*arguments: Any) -> Any:
        # Later releases added arguments in front, so those of release 3 come last.
        return callback(*arguments[len(arguments) - takes :])

    return adapted


def _positional_parameters(callback: Callback) -> int | None:
    try:
        parameters = signature(callback).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters):
        return None
    return sum(parameter.kind in _POSITIONAL for parameter in parameters)


def _identity(claims: dict[str, Any]) -> Any:
    return claims[current_app.config["JWT_IDENTITY_CLAIM"]]


def _is_checked(claims: dict[str, Any]) -> bool:
    """Return whether the options of release 3 require a blocklist look-up for this token."""
    config = current_app.config
    checked = config.get("JWT_BLACKLIST_TOKEN_CHECKS", ("access", "refresh"))
    # Any token that is not a refresh token gives the same access as an access token.
    kind = "refresh" if claims["type"] == "refresh" else "access"
    return config.get("JWT_BLACKLIST_ENABLED", True) and kind in checked


class LegacyLoaders(Callbacks):
    """The loader methods of release 3; each adapts the arguments and warns."""

    def user_claims_loader(self, callback: Callback) -> Callback:
        """Register ``f(identity) -> dict``: user claims, nested under JWT_USER_CLAIMS."""
        warn_renamed("user_claims_loader", "additional_claims_loader")
        self._user_claims_callback = lambda identity: {user_claims_key(): call(callback, identity)}
        return callback

    def user_loader_callback_loader(self, callback: Callback) -> Callback:
        """Register ``f(identity) -> user``."""
        warn_renamed("user_loader_callback_loader", "user_lookup_loader")
        self._user_lookup_callback = lambda header, claims: callback(_identity(claims))
        return callback

    def user_loader_error_loader(self, callback: Callback) -> Callback:
        """Register ``f(identity) -> response`` for tokens whose user was not found."""
        warn_renamed("user_loader_error_loader", "user_lookup_error_loader")
        self._user_lookup_error_callback = lambda header, claims: callback(_identity(claims))
        return callback

    def token_in_blacklist_loader(self, callback: Callback) -> Callback:
        """Register ``f(claims) -> bool``: whether a token has been revoked."""
        warn_renamed("token_in_blacklist_loader", "token_in_blocklist_loader")
        self._token_in_blocklist_callback = lambda header, claims: (
            callback(claims) if _is_checked(claims) else False
        )
        return callback

    def claims_verification_loader(self, callback: Callback) -> Callback:
        """Register ``f(user_claims) -> bool``: whether a verified token is accepted."""
        warn_renamed("claims_verification_loader", "token_verification_loader")
        self._token_verification_callback = lambda header, claims: callback(
            claims.get(user_claims_key(), {})
        )
        return callback

    def claims_verification_failed_loader(self, callback: Callback) -> Callback:
        """Register ``f() -> response`` for tokens that the verification rejected."""
        warn_renamed("claims_verification_failed_loader", "token_verification_failed_loader")
        self._token_verification_failed_callback = lambda header, claims: callback()
        return callback
