"""Create tokens from the options, callbacks and keys of an application."""

import os
from calendar import timegm
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from flask import Flask, current_app

from flask_watchword.extension.callbacks.call import call
from flask_watchword.extension.callbacks.defaults import (
    default_additional_claims_callback,
    default_encode_key_callback,
    default_jwt_headers_callback,
    default_user_identity_callback,
)
from flask_watchword.extension.callbacks.registered import Callbacks
from flask_watchword.extension.options.values import encode_key, lifetime
from flask_watchword.extension.state import (
    AppState,
    state_of,
)
from flask_watchword.extension.tokens.json_default import json_default
from flask_watchword.extension.tokens.unusable import NewToken, check_usable
from flask_watchword.jose import Key, encode
from flask_watchword.jose.cache import TokenCache
from flask_watchword.sessions.revocation import ISSUED_AFTER

ExpiresDelta = Literal[False] | timedelta
Fresh = bool | float | timedelta
Claims = dict[str, Any]

_DATES = ("exp", "iat", "nbf")
#: The ``typ`` values of the strict profile, so that no verifier accepts one type of token as
#: another (RFC 8725 section 3.11; RFC 9068 section 2.1).
_EXPLICIT_TYP = {"access": "at+jwt", "refresh": "rt+jwt"}
_signing_keys: TokenCache[tuple[Any, str, str], Key] = TokenCache(256)


def create(
    identity: Any,
    token_type: str,
    claims: Claims | None = None,
    fresh: Fresh = False,
    expires_delta: ExpiresDelta | None = None,
    headers: Claims | None = None,
    *,
    subject: str | None = None,
) -> str:
    """Create a token, and check that this application accepts it.

    Args:
        identity: passed to the loaders.
        token_type: ``"access"`` or ``"refresh"``.
        claims: further claims.
        fresh: whether the token is fresh, or for how long.
        expires_delta: the lifetime; ``None`` for that of the options.
        headers: further header members.
        subject: the identity claim of a token that the package creates itself and whose lifetime
            is therefore not checked; ``None`` to call the user identity loader.

    Raises:
        UnusableToken: in the strict profile, when this application would reject the token.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    state = state_of(app)
    token = compose(
        app, state, identity, token_type, claims, fresh, expires_delta, headers, subject
    )
    check_usable(app.config, state, token, any_age=subject is not None)
    return token.text


def compose(
    app: Flask,
    state: AppState,
    identity: Any,
    token_type: str,
    claims: Claims | None = None,
    fresh: Fresh = False,
    expires_delta: ExpiresDelta | None = None,
    headers: Claims | None = None,
    subject: str | None = None,
) -> NewToken:
    """Create a token of any type without checking it.

    With a ``subject``, the user identity loader is not called.
    """
    config, callbacks = app.config, state.callbacks
    if expires_delta is None:
        expires_delta = lifetime(config, token_type)
    if subject is None:
        subject = identity_of(callbacks, identity)
    now = callbacks.clock()
    body = standard_claims(config, token_type, subject, fresh, expires_delta, now)
    overrides = _merged(
        callbacks._user_claims_callback, default_additional_claims_callback, identity, claims
    )
    if overrides:
        body.update(overrides)
        dates_to_seconds(body)
    if state.revocations is not None:
        subject = body.get(config["JWT_IDENTITY_CLAIM"])
        revoked_at = state.revocations.subject_revoked_at(subject)
        _mark_issued_after(body, revoked_at, callbacks.clock())
    if "iss" in body and not isinstance(body["iss"], str):
        raise TypeError("Issuer (iss) must be a string.")
    header = _merged(
        callbacks._jwt_additional_header_callback, default_jwt_headers_callback, identity, headers
    )
    is_plain = not (overrides or header)
    if config["JWT_PROFILE"] == "strict" and token_type in _EXPLICIT_TYP:
        header = {"typ": _EXPLICIT_TYP[token_type], **(header or {})}
    key = _signing_key(app, state, identity, (header or {}).get("alg"))
    if key.weakness is not None:
        state.warn_of_weak_key(key.weakness)
    return NewToken(encode(body, key, header, json_default(app)), body, key, is_plain, now)


def _mark_issued_after(body: Claims, revoked_at: float | None, now: float) -> None:
    # A token of a session ends with the session. For any other, `iat` shows whether it was issued
    # before a revocation of its subject, unless that is so recent that clocks may disagree.
    if revoked_at is not None and revoked_at >= int(now) and body.get("sid") is None:
        body[ISSUED_AFTER] = revoked_at


def identity_of(callbacks: Callbacks, identity: Any) -> Any:
    """Return the identity claim for an identity."""
    if callbacks._user_identity_callback is default_user_identity_callback:
        return identity
    return call(callbacks._user_identity_callback, identity)


def standard_claims(
    config: Any, token_type: str, identity: Any, fresh: Any, expires_delta: Any, now: float
) -> Claims:
    """Return the claims of every token, without additional ones.

    Args:
        config: the options, which decide about optional claims.
        token_type: ``"access"`` or ``"refresh"``.
        identity: the identity claim.
        fresh: whether the token is fresh, or for how long (a timedelta).
        expires_delta: the lifetime: a timedelta or similar; ``False`` for no expiry.
        now: seconds since the epoch.
    """
    seconds = int(now)
    body: Claims = {
        "fresh": now + fresh.total_seconds() if isinstance(fresh, timedelta) else fresh,
        "iat": seconds,
        "jti": random_id(),
        "type": token_type,
        config["JWT_IDENTITY_CLAIM"]: identity,
    }
    if config["JWT_ENCODE_NBF"]:
        body["nbf"] = seconds
    if config["JWT_COOKIE_CSRF_PROTECT"]:
        body["csrf"] = random_id()
    if config["JWT_ENCODE_AUDIENCE"]:
        body["aud"] = config["JWT_ENCODE_AUDIENCE"]
    if config["JWT_ENCODE_ISSUER"]:
        body["iss"] = config["JWT_ENCODE_ISSUER"]
    if expires_delta is not False:
        body["exp"] = _expiry(now, expires_delta)
    return body


def _expiry(now: float, delta: Any) -> int:
    if type(delta) is timedelta:
        return int(now + delta.total_seconds())
    if type(delta) is int:  # seconds, as in JWT_ACCESS_TOKEN_EXPIRES
        return int(now + delta)
    # A relativedelta or similar: anything that can be added to a date.
    return timegm((datetime.fromtimestamp(now, UTC) + delta).utctimetuple())


def dates_to_seconds(body: Claims) -> None:
    """Convert dates to seconds since the epoch, in place (RFC 7519 section 2, NumericDate)."""
    for name in _DATES:
        if isinstance(body.get(name), datetime):
            body[name] = timegm(body[name].utctimetuple())


def _merged(loader: Any, default: Any, identity: Any, given: Claims | None) -> Claims | None:
    if loader is default:
        return given
    # A copy, because the loader's dictionary belongs to the application.
    return {**call(loader, identity), **(given or {})}


def _signing_key(app: Flask, state: AppState, identity: Any, algorithm: str | None) -> Key:
    callbacks, config = state.callbacks, app.config
    if callbacks._encode_key_callback is default_encode_key_callback:
        if state.key_provider is not None:
            return state.key_provider.signing_key()
        if config["JWT_PUBLIC_KEYS"] is not None and algorithm in (None, config["JWT_ALGORITHM"]):
            return state.snapshot(config).decoding.signing_key
        material = encode_key(config)
    else:
        material = call(callbacks._encode_key_callback, identity)
    return signing_key(material, algorithm or config["JWT_ALGORITHM"], config["JWT_PROFILE"])


def signing_key(material: Any, algorithm: str, profile: Any) -> Key:
    """Return the signing key for key material and an algorithm, from a cache.

    Raises:
        InvalidKeyError: when the material does not fit the algorithm. A key that can only verify
            raises this when it signs.
    """
    cache_key = (material, algorithm, profile)
    try:
        key = _signing_keys[cache_key]
    except TypeError:  # a JWK as a dictionary is not hashable
        return _loaded(material, algorithm, profile)
    if key is None:
        key = _loaded(material, algorithm, profile)
        _signing_keys.put(cache_key, key)
    return key


def _loaded(material: Any, algorithm: str, profile: Any) -> Key:
    # Without a kid: only the application's additional headers set one.
    return Key.load(material, algorithm, profile=profile).with_kid(None)


def random_id() -> str:
    """Return a random UUID of version 4 (RFC 9562 section 5.4) as text.

    This is three times as fast as ``str(uuid.uuid4())``, and each token has two.
    """
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
