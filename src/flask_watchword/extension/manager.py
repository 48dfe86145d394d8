"""``JWTManager``: the extension object, with which an application registers its callbacks."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask

from flask_watchword.errors import InvalidKeyError
from flask_watchword.extension.legacy.loaders import LegacyLoaders, accepting
from flask_watchword.extension.options.issuers import read_issuers
from flask_watchword.extension.options.keys import check_further_keys
from flask_watchword.extension.options.table import set_defaults
from flask_watchword.extension.options.unknown_names import warn_misspelled
from flask_watchword.extension.options.values import (
    is_asymmetric,
    max_token_bytes,
    profile,
)
from flask_watchword.extension.responses import handlers, rest_frameworks
from flask_watchword.extension.state import EXTENSION_KEY, AppState
from flask_watchword.extension.tokens.api import decode_token
from flask_watchword.extension.tokens.creation import create
from flask_watchword.extension.verification import current_token, g_mirror
from flask_watchword.extension.verification.current import current_user_context_processor
from flask_watchword.jose import Key

Loader = TypeVar("Loader", bound=Callable[..., Any])


class JWTManager(LegacyLoaders):
    """Initialize the extension and register callbacks; one manager may serve several applications.

    Args:
        app: the application; without it, call :meth:`init_app` later.
        add_context_processor: whether templates get ``current_user``.

    Attributes:
        clock: returns the seconds since the epoch; tests replace it.
    """

    def __init__(self, app: Flask | None = None, add_context_processor: bool = False) -> None:
        super().__init__()
        if app is not None:
            self.init_app(app, add_context_processor)

    def init_app(self, app: Flask, add_context_processor: bool = False) -> None:
        """Register the extension with an application.

        Args:
            app: the application.
            add_context_processor: whether templates get ``current_user``.

        Raises:
            InvalidKeyError: when the configured secret is a public key or similar, with which
                anyone could sign tokens.
            RuntimeError: when one of Watchword's own options has an invalid value, or when the
                application already has sessions, which belong to another manager.
            TypeError: when a subclass overrides a method that only the drop-in calls.
        """
        _reject_unused_overrides(type(self))
        _reject_second_manager(app)
        warn_misspelled(app.config, "JWT_")
        self._set_default_configuration_options(app)
        max_token_bytes(app.config)
        _check_secret(app)
        check_further_keys(app.config)
        app.extensions["flask-jwt-extended"] = self
        app.extensions[EXTENSION_KEY] = state = AppState(self)
        for issuer in read_issuers(app.config):
            state.issuer_keys.of(issuer)
        if add_context_processor:
            app.context_processor(current_user_context_processor)
        if current_token.mirror_on_g:
            g_mirror.install(app)
        self._set_error_handler_callbacks(app)
        rest_frameworks.attach(app)

    def _set_error_handler_callbacks(self, app: Any) -> None:
        handlers.register(self, app)

    @staticmethod
    def _set_default_configuration_options(app: Flask) -> None:
        set_defaults(app.config)

    def _encode_jwt_from_config(
        self,
        identity: Any,
        token_type: str,
        claims: dict[str, Any] | None = None,
        fresh: Any = False,
        expires_delta: Any = None,
        headers: dict[str, Any] | None = None,
    ) -> str:
        return create(identity, token_type, claims, fresh, expires_delta, headers)

    def _decode_jwt_from_config(
        self, encoded_token: str, csrf_value: str | None = None, allow_expired: bool = False
    ) -> dict[str, Any]:
        return decode_token(encoded_token, csrf_value, allow_expired)

    def additional_claims_loader(self, callback: Loader) -> Loader:
        """Register ``f(identity) -> dict``: further claims of new tokens."""
        self._user_claims_callback = callback
        return callback

    def additional_headers_loader(self, callback: Loader) -> Loader:
        """Register ``f(identity) -> dict``: further header members of new tokens."""
        self._jwt_additional_header_callback = callback
        return callback

    def decode_key_loader(self, callback: Loader) -> Loader:
        """Register ``f(header, claims) -> key``: the key for a token that is NOT verified yet."""
        self._decode_key_callback = callback
        return callback

    def encode_key_loader(self, callback: Loader) -> Loader:
        """Register ``f(identity) -> key``: the key that signs a new token."""
        self._encode_key_callback = callback
        return callback

    def expired_token_loader(self, callback: Loader) -> Loader:
        """Register ``f(header, claims) -> response`` for tokens that have expired."""
        self._expired_token_callback = accepting(2, callback, "expired_token_loader")
        return callback

    def invalid_token_loader(self, callback: Loader) -> Loader:
        """Register ``f(reason) -> response`` for tokens that are rejected."""
        self._invalid_token_callback = callback
        return callback

    def needs_fresh_token_loader(self, callback: Loader) -> Loader:
        """Register ``f(header, claims) -> response`` for tokens that are not fresh."""
        self._needs_fresh_token_callback = accepting(2, callback, "needs_fresh_token_loader")
        return callback

    def revoked_token_loader(self, callback: Loader) -> Loader:
        """Register ``f(header, claims) -> response`` for tokens that have been revoked."""
        self._revoked_token_callback = accepting(2, callback, "revoked_token_loader")
        return callback

    def token_in_blocklist_loader(self, callback: Loader) -> Loader:
        """Register ``f(header, claims) -> bool``: whether a token has been revoked."""
        self._token_in_blocklist_callback = callback
        return callback

    def token_verification_failed_loader(self, callback: Loader) -> Loader:
        """Register ``f(header, claims) -> response`` for tokens that the verification rejected."""
        self._token_verification_failed_callback = callback
        return callback

    def token_verification_loader(self, callback: Loader) -> Loader:
        """Register ``f(header, claims) -> bool``: whether a verified token is accepted."""
        self._token_verification_callback = callback
        return callback

    def unauthorized_loader(self, callback: Loader) -> Loader:
        """Register ``f(reason) -> response`` for requests without a token."""
        self._unauthorized_callback = callback
        return callback

    def user_identity_loader(self, callback: Loader) -> Loader:
        """Register ``f(identity) -> str``: the identity claim for an identity."""
        self._user_identity_callback = callback
        return callback

    def user_lookup_loader(self, callback: Loader) -> Loader:
        """Register ``f(header, claims) -> user``: the user of a token, or ``None``."""
        self._user_lookup_callback = callback
        return callback

    def user_lookup_error_loader(self, callback: Loader) -> Loader:
        """Register ``f(header, claims) -> response`` for tokens whose user was not found."""
        self._user_lookup_error_callback = callback
        return callback


#: Replacements for the private methods that Flask-JWT-Extended's functions call.
_UNUSED_METHODS = {
    "_decode_jwt_from_config": "decode_key_loader or token_verification_loader",
    "_encode_jwt_from_config": "additional_claims_loader or encode_key_loader",
}


def _reject_unused_overrides(manager: type[JWTManager]) -> None:
    """Reject a subclass that overrides a method which would never be called."""
    if current_token.mirror_on_g:
        return
    for name, instead in _UNUSED_METHODS.items():
        if getattr(manager, name) is not getattr(JWTManager, name):
            raise TypeError(
                f"{manager.__name__}.{name} would never be called: the method is private to "
                f"Flask-JWT-Extended; use {instead}, or run the program under the drop-in, which "
                "calls it: python -m flask_watchword.dropin"
            )


def _reject_second_manager(app: Flask) -> None:
    # A second manager would not check the revocations.
    state = app.extensions.get(EXTENSION_KEY)
    if state is not None and state.revocations is not None:
        raise RuntimeError(
            "this application already has a JWTManager with sessions: remove the second "
            "JWTManager(app)"
        )


def _check_secret(app: Flask) -> None:
    algorithm = app.config["JWT_ALGORITHM"]
    name = "JWT_SECRET_KEY" if app.config["JWT_SECRET_KEY"] else "SECRET_KEY"
    secret = app.config.get(name)
    if secret and not is_asymmetric(str(algorithm)):
        try:
            Key.load(secret, algorithm, profile=profile(app.config))
        except InvalidKeyError as error:
            raise InvalidKeyError(f"{name}: {error}") from error
