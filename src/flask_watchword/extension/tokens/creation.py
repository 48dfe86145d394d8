"""Create a token from the options, the loaders and the keys of an application."""

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
#: What the strict profile writes as ``typ``, so that no verifier takes one kind for another
#: (RFC 8725 section 3.11; RFC 9068 section 2.1).
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
    """Create a token, and check that it can be used.

    Args:
        identity: what the loaders are asked for.
        token_type: ``"access"`` or ``"refresh"``.
        claims: that are added.
        fresh: whether the token is fresh, or for how long.
        expires_delta: how long it lives; ``None`` for the option's lifetime.
        headers: that are added.
        subject: what stands in the identity claim where the package makes a token whose life it
            has chosen itself, and which is not checked; ``None`` asks the user identity loader.

    Raises:
        UnusableToken: when this application would refuse it, in the strict profile.
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
    """Make a token of any type from an application's options and loaders, unchecked.

    Where the ``subject`` is known already the user identity loader is not asked for it.
    """
    config, manager = app.config, state.callbacks
    if expires_delta is None:
        expires_delta = lifetime(config, token_type)
    if subject is None:
        subject = identity_of(manager, identity)
    now = manager.clock()
    body = standard_claims(config, token_type, subject, fresh, expires_delta, now)
    overrides = _merged(
        manager._user_claims_callback, default_additional_claims_callback, identity, claims
    )
    if overrides:
        body.update(overrides)
        dates_to_seconds(body)
    if state.revocations is not None:
        whose = body.get(config["JWT_IDENTITY_CLAIM"])
        _tell_revocation(body, state.revocations.subject_revoked_at(whose), manager.clock())
    if "iss" in body and not isinstance(body["iss"], str):
        raise TypeError("Issuer (iss) must be a string.")
    header = _merged(
        manager._jwt_additional_header_callback, default_jwt_headers_callback, identity, headers
    )
    is_plain = not (overrides or header)
    if config["JWT_PROFILE"] == "strict" and token_type in _EXPLICIT_TYP:
        header = {"typ": _EXPLICIT_TYP[token_type], **(header or {})}
    key = _signing_key(app, state, identity, (header or {}).get("alg"))
    if key.weakness is not None:
        state.warn_of_weak_key(key.weakness)
    return NewToken(encode(body, key, header, json_default(app)), body, key, is_plain, now)


def _tell_revocation(body: Claims, moment: float | None, now: float) -> None:
    # Tokens of a session end with it. Of the others `iat` tells whether they were issued before a
    # revocation of their subject, unless that was made so recently that clocks may disagree.
    if moment is not None and moment >= int(now) and body.get("sid") is None:
        body[ISSUED_AFTER] = moment


def identity_of(manager: Any, identity: Any) -> Any:
    """Return what stands in a token for an identity."""
    if manager._user_identity_callback is default_user_identity_callback:
        return identity
    return call(manager._user_identity_callback, identity)


def standard_claims(
    config: Any, token_type: str, identity: Any, fresh: Any, expires_delta: Any, now: float
) -> Claims:
    """Return the claims that every token starts with, before any are added.

    Args:
        config: the options that say which of them there are.
        token_type: ``"access"`` or ``"refresh"``.
        identity: what the identity claim holds.
        fresh: whether the token is fresh, or for how long (a timedelta).
        expires_delta: how long it lives, as a timedelta or the like; ``False`` for ever.
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
    # relativedelta and the like: whatever can be added to a date.
    return timegm((datetime.fromtimestamp(now, UTC) + delta).utctimetuple())


def dates_to_seconds(body: Claims) -> None:
    """Turn dates into seconds since the epoch, in place (RFC 7519 section 2, NumericDate)."""
    for name in _DATES:
        if isinstance(body.get(name), datetime):
            body[name] = timegm(body[name].utctimetuple())


def _merged(loader: Any, default: Any, identity: Any, given: Claims | None) -> Claims | None:
    if loader is default:
        return given
    # A copy: what the loader returned is the application's.
    return {**call(loader, identity), **(given or {})}


def _signing_key(app: Flask, state: AppState, identity: Any, algorithm: str | None) -> Key:
    manager, config = state.callbacks, app.config
    if manager._encode_key_callback is default_encode_key_callback:
        if state.key_provider is not None:
            return state.key_provider.signing_key()
        if config["JWT_PUBLIC_KEYS"] is not None and algorithm in (None, config["JWT_ALGORITHM"]):
            return state.snapshot(config).decoding.signing_key
        material = encode_key(config)
    else:
        material = call(manager._encode_key_callback, identity)
    return signing_key(material, algorithm or config["JWT_ALGORITHM"], config["JWT_PROFILE"])


def signing_key(material: Any, algorithm: str, profile: Any) -> Key:
    """Return the key to sign with, loaded once for each material and algorithm.

    Raises:
        InvalidKeyError: when the material cannot serve the algorithm; one that can verify alone
            says so when it is to sign.
    """
    wanted = (material, algorithm, profile)
    try:
        key = _signing_keys[wanted]
    except TypeError:  # a JWK as a dictionary cannot be looked up
        return _loaded(material, algorithm, profile)
    if key is None:
        key = _loaded(material, algorithm, profile)
        _signing_keys.put(wanted, key)
    return key


def _loaded(material: Any, algorithm: str, profile: Any) -> Key:
    # A kid in the header of a token is the application's to set, as ever.
    return Key.load(material, algorithm, profile=profile).with_kid(None)


def random_id() -> str:
    """Return a random UUID of version 4 (RFC 9562 section 5.4) as text.

    Written out here because ``str(uuid.uuid4())`` costs three times as much, and each token has
    two of them.
    """
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
