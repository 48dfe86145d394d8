"""A manager at work in one application: its options parsed, its keys loaded, its decoders."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import timedelta
from functools import cached_property
from hmac import compare_digest
from inspect import getattr_static
from typing import TYPE_CHECKING, Any

from flask import Config as FlaskConfig
from flask import Flask, Request, current_app
from flask.json.provider import DefaultJSONProvider

from flask_watchword.errors import InsecureKeyLengthWarning, UnknownKeyError
from flask_watchword.extension.callbacks.call import call
from flask_watchword.extension.callbacks.defaults import default_decode_key_callback
from flask_watchword.extension.caller_warnings import warn_caller
from flask_watchword.extension.checks.misplaced import warn_of_misplaced_decorators
from flask_watchword.extension.errors import CSRFError, JWTDecodeError, MissingCSRFValue
from flask_watchword.extension.issuers.key_provider import KeySource
from flask_watchword.extension.issuers.verification import KeptKeys, issuers_of
from flask_watchword.extension.options.config_version import MARK, watch
from flask_watchword.extension.options.keys import load_keys, signing_key, verifying_keys
from flask_watchword.extension.options.values import (
    Config,
    decode_algorithms,
    environ_key,
    has_own_key,
    header_name,
    max_token_bytes,
    profile,
    token_locations,
)
from flask_watchword.jose import Decoder, Key, Policy, VerifiedToken, decode_unverified
from flask_watchword.jose.cache import TokenCache
from flask_watchword.jose.jws import check_algorithm

if TYPE_CHECKING:
    from flask_watchword.extension.manager import JWTManager
    from flask_watchword.extension.sessions.revocation_feed import RevocationFeed

EXTENSION_KEY = "flask-watchword"
#: Keys of a key loader whose decoders are kept ready.
REMEMBERED_KEYS = 256


class DecoderConfig:
    """What the options say about decoding: the policy, and a decoder for each key.

    Args:
        config: the options.
        key_source: whose keys take the place of configured ones.
        kept: the keys of other issuers.
        report_weak_key: called with why a key is weak whenever one verifies a signature.
    """

    def __init__(
        self,
        config: Config,
        key_source: KeySource | None,
        kept: KeptKeys,
        report_weak_key: Callable[[str], None],
    ) -> None:
        self.identity_claim: str = config["JWT_IDENTITY_CLAIM"]
        self.policy = Policy(
            audience=config["JWT_DECODE_AUDIENCE"],
            issuer=config["JWT_DECODE_ISSUER"],
            leeway=_seconds(config["JWT_DECODE_LEEWAY"]),
            verify_subject=config["JWT_VERIFY_SUB"],
            max_token_bytes=max_token_bytes(config),
            profile=profile(config),
        )
        self._config = config
        self._key_source = key_source
        self.algorithms = decode_algorithms(config)
        self._decoders: TokenCache[Any, Decoder] = TokenCache(REMEMBERED_KEYS)
        #: Signing keys whose tokens these options were seen to verify, by identity.
        self.proven_keys: TokenCache[int, Key] = TokenCache(REMEMBERED_KEYS)
        self._complete = frozenset({self.identity_claim, "type", "fresh", "jti"})
        self._report_weak_key = report_weak_key
        #: Whose tokens are accepted beside our own; ``None`` for nobody's.
        self.issuers = issuers_of(config, kept, self.policy, self._new_decoder)

    @cached_property
    def default_decoder(self) -> Decoder:
        """The decoder for the configured keys, or for those of the key source.

        It is made when it is first asked for, which is after the reading it belongs to was put in
        its place. So keys that change meanwhile are either in it or take the reading away.
        """
        if self._key_source is not None:
            return self._new_decoder(self._key_source.verifying_keys(), self.policy)
        if self.issuers is not None and not has_own_key(self._config):
            return self._new_decoder(
                (), self.policy
            )  # only others sign; what is no token of theirs is refused
        return self._new_decoder(verifying_keys(self._config), self.policy)

    @cached_property
    def signing_key(self) -> Key:
        """The configured key that signs, with the ``kid`` that new tokens carry."""
        return signing_key(self._config)

    def is_own(self, claims: dict[str, Any]) -> bool:
        """Tell whether a token that was accepted is not one of another issuer's.

        What others write in ``sid``, ``jti`` and ``sub`` are no names of ours.
        """
        return self.issuers is None or not self.issuers.issued(claims)

    def decoder_for(self, material: Any) -> Decoder:
        """Return the decoder for a key that a key loader gave."""
        try:
            decoder = self._decoders[material]
        except TypeError:  # a JWK as a dictionary cannot be looked up
            return self._new_decoder(self._loaded(material), self.policy)
        if decoder is None:
            decoder = self._new_decoder(self._loaded(material), self.policy)
            self._decoders.put(material, decoder)
        return decoder

    def _loaded(self, material: Any) -> list[Key]:
        # One key is meant for every token, whatever kid it or they bear.
        keys = load_keys(material, self.algorithms, self.policy.profile)
        return [key.named(None) for key in keys]

    def _new_decoder(
        self, keys: Sequence[Key], policy: Policy, *, subject_required: bool = True
    ) -> Decoder:
        reporting = [key.reporting(self._report_weak_key) for key in keys]
        accept = self._accept if subject_required else self._accept_without_subject
        return Decoder(reporting, policy, accept=accept, complete=self._complete)

    def _accept_without_subject(self, claims: dict[str, Any]) -> None:
        claims.setdefault(self.identity_claim, None)
        self._accept(claims)

    def _accept(self, claims: dict[str, Any]) -> None:
        if self.identity_claim not in claims:
            raise JWTDecodeError(f"Missing claim: {self.identity_claim}")
        claims.setdefault("type", "access")
        claims.setdefault("fresh", False)
        claims.setdefault("jti", None)


def _seconds(leeway: float | timedelta) -> float:
    return leeway.total_seconds() if isinstance(leeway, timedelta) else leeway


class ConfigSnapshot:
    """What a protected request needs of the options, parsed; valid until one is written to.

    Attributes:
        mark: the mark of the configuration's last write before it was read.
        locations: where to look, in this order.
        header_key: the header of the token, as WSGI calls it.
        header_prefix: what stands before the token there.
        header_first: whether the header is looked at before anything else.
        decoding: how tokens are verified.
        lists: the values that may be changed in place, which leaves no mark.
        copies: what they were when they were read.
    """

    def __init__(self, config: Config, mark: object, decoding: DecoderConfig) -> None:
        self.mark = mark
        self.locations = token_locations(config["JWT_TOKEN_LOCATION"])
        kind = config["JWT_HEADER_TYPE"]
        # A type that is not one word never matches one word of a header.
        one_word = not kind or kind.split() == [kind]
        self.header_first = self.locations[0] == "headers" and one_word
        self.header_key = environ_key(header_name(config))
        self.header_prefix = f"{kind} " if kind else ""
        self.decoding = decoding
        self.lists = [v for name in _LISTS if isinstance(v := config[name], (list, set, dict))]
        self.copies = [_copy(value) for value in self.lists]


def _copy(value: Any) -> Any:
    # What matters of JWT_ISSUERS stands a level or two below. A list of keys may hold what nobody
    # can copy, and key material is not altered but exchanged.
    return deepcopy(value) if isinstance(value, dict) else value.copy()


#: Options of a protected request that applications write as lists, sets or dictionaries.
_LISTS = (
    "JWT_TOKEN_LOCATION",
    "JWT_DECODE_ALGORITHMS",
    "JWT_DECODE_AUDIENCE",
    "JWT_DECODE_ISSUER",
    "JWT_ISSUERS",
    "JWT_PUBLIC_KEYS",
    "JWT_SECRET_KEY_FALLBACKS",
)


class AppState:
    """One manager in one application.

    Attributes:
        manager: whose loaders are asked.
        last_reading: the options of the last protected request, current or not.
        revocations: asked about every token; ``None`` without sessions.
        key_source: keys that change while the application runs; ``None`` for configured ones.
            The loaders of keys win over both.
        issuer_keys: the keys of other issuers.
        for_own_tokens: names of blueprints that know no tokens but this application's own.
        check_cookie_request: asked about each request that shows a token by cookie; raises for one
            that a page of somebody else's may have made the browser send. ``None`` asks nobody.
    """

    def __init__(self, manager: "JWTManager") -> None:
        self.manager = manager
        self.last_reading: ConfigSnapshot | None = None
        self._reading: ConfigSnapshot | None = None
        self.revocations: RevocationFeed | None = None
        self.key_source: KeySource | None = None
        self.issuer_keys = KeptKeys()
        self.for_own_tokens: set[str] = set()
        self.check_cookie_request: Callable[[Request], None] | None = None
        self._known_weaknesses: set[str] = set()
        self._views_are_checked = False

    def reading_of_request(self, app: Flask) -> ConfigSnapshot:
        """Return the options as they are now, for a request that is verified.

        Before the first one it looks for views that are open by mistake.
        """
        self.check_views(app)
        reading = self.last_reading = self.reading(app.config)
        if self._reading is not reading:
            self.last_reading = None  # keys have changed in between
        return reading

    def check_views(self, app: Flask) -> None:
        """Warn once of views that are open because a decorator stands above ``@app.route``."""
        if not self._views_are_checked:
            warn_of_misplaced_decorators(app)
            # Only now: where the warning is made an error, it stays one.
            self._views_are_checked = True

    def reading(self, config: FlaskConfig) -> ConfigSnapshot:
        """Return the options as they are now."""
        reading = self._reading
        if (
            reading is None
            or reading.mark is not getattr(config, MARK, None)
            or reading.lists != reading.copies
        ):
            mark = watch(config)
            decoding = DecoderConfig(
                config, self.key_source, self.issuer_keys, self.warn_of_weak_key
            )
            reading = self._reading = ConfigSnapshot(config, mark, decoding)
        return reading

    def warn_of_weak_key(self, weakness: str) -> None:
        """Warn that a key of this application is weak, once for each weakness.

        PyJWT warns whenever such a key signs or verifies, and of nothing before that.
        """
        if weakness not in self._known_weaknesses:
            warn_caller(weakness, InsecureKeyLengthWarning)
            # Only now: where the warning is made an error, it stays one.
            self._known_weaknesses.add(weakness)

    def keys_changed(self) -> None:
        """Leave the decoders behind; the next request makes one with the keys as they are then."""
        self._reading = self.last_reading = None

    def verify(
        self,
        decoding: DecoderConfig,
        token: Any,
        csrf_value: str | None,
        now: float,
        allow_expired: bool = False,
    ) -> VerifiedToken:
        """Verify a token with the key that is meant for it.

        Raises:
            Refusal, JWTDecodeError: when it is not accepted.
            CSRFError: when a CSRF value is given and is not the token's.
            KeysUnavailable: when there are no keys of the issuer that it names.
        """
        by_loader = self.manager._decode_key_callback is not default_decode_key_callback
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
            if not self._learns(error.kid):
                raise
        decoder = self.reading(current_app.config).decoding.default_decoder
        return decoder.verify(token, now, allow_expired=allow_expired)

    def _learns(self, kid: str | None) -> bool:
        if self.key_source is None or kid is None or not self.key_source.refresh(kid):
            return False
        self.keys_changed()
        return True

    def _decoder_by_loader(self, decoding: DecoderConfig, token: Any) -> Decoder:
        unverified = decode_unverified(token, decoding.policy.max_token_bytes)
        material = call(self.manager._decode_key_callback, unverified.header, unverified.claims)
        # Before the key is loaded: chosen by a header that names another algorithm, it may serve
        # none that is allowed, and that would look like a mistake in the configuration.
        check_algorithm(unverified.header, decoding.algorithms)
        if material is None:
            # The usual answer to a kid that nobody knows, which is the client's to choose.
            raise UnknownKeyError("No key is known for this token", unverified.header.get("kid"))
        return decoding.decoder_for(material)


def check_csrf(claims: dict[str, Any], csrf_value: str) -> None:
    """Check that a CSRF double submit value is the token's.

    Raises:
        JWTDecodeError: when the token has none.
        CSRFError: when it has another.
    """
    if "csrf" not in claims:
        raise JWTDecodeError("Missing claim: csrf")
    expected = claims["csrf"]
    # A view may pass on a member of a JSON body.
    if isinstance(expected, str) and isinstance(csrf_value, str):
        # As bytes: compare_digest takes only ASCII text, and a client may send any.
        sent = csrf_value.encode("utf-8", "surrogatepass")
        if compare_digest(expected.encode(), sent):
            return
    raise CSRFError("CSRF double submit tokens do not match")


def csrf_of(claims: dict[str, Any]) -> str:
    """Return the CSRF double submit value of a token's claims.

    Raises:
        MissingCSRFValue: when it has none.
    """
    value = claims.get("csrf")
    if not isinstance(value, str):
        raise MissingCSRFValue("Missing claim: csrf")
    return value


def state_of(app: Flask) -> AppState:
    """Return the binding of an application's manager.

    Raises:
        RuntimeError: when the application has none.
    """
    try:
        binding: AppState = app.extensions[EXTENSION_KEY]
    except KeyError:
        raise RuntimeError(
            "You must initialize a JWTManager with this flask application before using this method"
        ) from None
    return binding


def current_state() -> AppState:
    """Return the binding of the current application's manager."""
    return state_of(current_app._get_current_object())  # type: ignore[attr-defined]


def json_default(app: Flask) -> Callable[[Any], Any]:
    """Return what the application's JSON provider does with values that JSON has no form for."""
    provider = app.json_provider_class
    found = getattr_static(provider, "default", None)
    if isinstance(found, staticmethod | classmethod):
        default: Callable[[Any], Any] = provider.default  # type: ignore[attr-defined]
        return default
    bound = getattr(app.json, "default", None) if isinstance(app.json, provider) else None
    return bound or DefaultJSONProvider.default
