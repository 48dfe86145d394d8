"""The state of the extension in one application: callbacks, options and keys."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Config as FlaskConfig
from flask import Flask, Request, current_app

from flask_watchword.errors import InsecureKeyLengthWarning, UnknownKeyError
from flask_watchword.extension.callbacks.call import call
from flask_watchword.extension.callbacks.defaults import default_decode_key_callback
from flask_watchword.extension.callbacks.registered import Callbacks
from flask_watchword.extension.caller_warnings import warn_caller
from flask_watchword.extension.checks.misplaced import warn_of_misplaced_decorators
from flask_watchword.extension.config_snapshot import ConfigSnapshot
from flask_watchword.extension.decoder_config import DecoderConfig
from flask_watchword.extension.issuers.issuer_keys import IssuerKeyCache
from flask_watchword.extension.issuers.key_provider import KeyProvider
from flask_watchword.extension.options.config_version import VERSION, watch
from flask_watchword.extension.verification.csrf import check_csrf
from flask_watchword.jose import Decoder, VerifiedToken, decode_unverified
from flask_watchword.jose.jws import check_algorithm

if TYPE_CHECKING:
    from flask_watchword.extension.sessions.revocation_feed import RevocationFeed

EXTENSION_KEY = "flask-watchword"


class AppState:
    """The state of the extension in one application.

    Attributes:
        callbacks: the application's callbacks and clock: those of its ``JWTManager``.
        last_snapshot: the options of the last protected request, current or not.
        revocations: checked for every token; ``None`` without sessions.
        key_provider: keys that change while the application runs; ``None`` for the configured
            ones. The key loaders take precedence over both.
        issuer_keys: the keys of other issuers.
        own_token_blueprints: names of blueprints that accept only tokens of this application.
        check_cookie_request: called with each request that carries its token in a cookie; raises
            for one that another site may have made the browser send. ``None`` skips the check.
    """

    def __init__(self, callbacks: Callbacks) -> None:
        self.callbacks = callbacks
        self.last_snapshot: ConfigSnapshot | None = None
        self._snapshot: ConfigSnapshot | None = None
        self.revocations: RevocationFeed | None = None
        self.key_provider: KeyProvider | None = None
        self.issuer_keys = IssuerKeyCache()
        self.own_token_blueprints: set[str] = set()
        self.check_cookie_request: Callable[[Request], None] | None = None
        self._reported_weaknesses: set[str] = set()
        self._views_are_checked = False

    def snapshot_for_request(self, app: Flask) -> ConfigSnapshot:
        """Return the current options for a request that is being verified.

        The first call also checks for views that are unprotected by mistake.
        """
        self.check_views(app)
        snapshot = self.last_snapshot = self.snapshot(app.config)
        if self._snapshot is not snapshot:
            self.last_snapshot = None  # the keys have changed since the line above
        return snapshot

    def check_views(self, app: Flask) -> None:
        """Warn once of views that are unprotected because a decorator is above ``@app.route``."""
        if not self._views_are_checked:
            warn_of_misplaced_decorators(app)
            # Set last: an application that turns the warning into an error gets it every time.
            self._views_are_checked = True

    def snapshot(self, config: FlaskConfig) -> ConfigSnapshot:
        """Return the current options, parsed again only after a change."""
        snapshot = self._snapshot
        if (
            snapshot is None
            or snapshot.version is not getattr(config, VERSION, None)
            or snapshot.mutable_values != snapshot.copies
        ):
            version = watch(config)
            decoding = DecoderConfig(
                config, self.key_provider, self.issuer_keys, self.warn_of_weak_key
            )
            snapshot = self._snapshot = ConfigSnapshot(config, version, decoding)
        return snapshot

    def warn_of_weak_key(self, weakness: str) -> None:
        """Warn that a key of this application is weak, once for each weakness.

        As with PyJWT, the warning comes when such a key signs or verifies, and not earlier.
        """
        if weakness not in self._reported_weaknesses:
            warn_caller(weakness, InsecureKeyLengthWarning)
            # Set last: an application that turns the warning into an error gets it every time.
            self._reported_weaknesses.add(weakness)

    def keys_changed(self) -> None:
        """Discard all decoders; the next request creates one with the keys of that moment."""
        self._snapshot = self.last_snapshot = None

    def verify(
        self,
        decoding: DecoderConfig,
        token: Any,
        csrf_value: str | None,
        now: float,
        allow_expired: bool = False,
    ) -> VerifiedToken:
        """Verify a token with the key that belongs to it.

        Raises:
            TokenRejected, JWTDecodeError: when it is not accepted.
            CSRFError: when a CSRF value is given and the token has a different one.
            KeysUnavailable: when the keys of the issuer it names are not available.
        """
        by_loader = self.callbacks._decode_key_callback is not default_decode_key_callback
        verified = None
        if decoding.issuers is not None:
            verified = decoding.issuers.verify(token, now, allow_expired, by_loader)
        if verified is None and by_loader:
            decoder = self._decoder_by_loader(decoding, token)
            verified = decoder.verify(token, now, allow_expired=allow_expired)
        elif verified is None:
            verified = self._verify_own(decoding, token, now, allow_expired)
        if csrf_value:
            check_csrf(verified.claims, csrf_value)
        return verified

    def _verify_own(
        self, decoding: DecoderConfig, token: Any, now: float, allow_expired: bool
    ) -> VerifiedToken:
        try:
            return decoding.default_decoder.verify(token, now, allow_expired=allow_expired)
        except UnknownKeyError as error:
            if not self._has_new_keys(error.kid):
                raise
        decoder = self.snapshot(current_app.config).decoding.default_decoder
        return decoder.verify(token, now, allow_expired=allow_expired)

    def _has_new_keys(self, kid: str | None) -> bool:
        if self.key_provider is None or kid is None or not self.key_provider.refresh(kid):
            return False
        self.keys_changed()
        return True

    def _decoder_by_loader(self, decoding: DecoderConfig, token: Any) -> Decoder:
        unverified = decode_unverified(token, decoding.policy.max_token_bytes)
        material = call(self.callbacks._decode_key_callback, unverified.header, unverified.claims)
        # Before the key is loaded: a key that was chosen for another algorithm may serve none of
        # the allowed ones, and the error would then blame the configuration.
        check_algorithm(unverified.header, decoding.algorithms)
        if material is None:
            # What loaders usually return for an unknown kid, which the client chooses.
            raise UnknownKeyError("No key is known for this token", unverified.header.get("kid"))
        return decoding.decoder_for(material)


def state_of(app: Flask) -> AppState:
    """Return the extension's state in an application.

    Raises:
        RuntimeError: when the application has no ``JWTManager``.
    """
    try:
        state: AppState = app.extensions[EXTENSION_KEY]
    except KeyError:
        raise RuntimeError(
            "You must initialize a JWTManager with this flask application before using this method"
        ) from None
    return state


def current_state() -> AppState:
    """Return the extension's state in the current application."""
    return state_of(current_app._get_current_object())  # type: ignore[attr-defined]
