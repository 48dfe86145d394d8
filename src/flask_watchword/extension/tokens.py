"""Making and reading tokens outside of a protected view."""

import os
from calendar import timegm
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from flask import Flask, current_app

from flask_watchword.extension.binding import (
    Binding,
    binding_of,
    csrf_of,
    current_binding,
    json_default,
)
from flask_watchword.extension.deprecation import legacy_token_arguments
from flask_watchword.extension.loaders import call
from flask_watchword.extension.new_tokens import (
    NewToken,
    check_usable,
    check_usable_whatever_its_age,
)
from flask_watchword.extension.options import encode_key, lifetime
from flask_watchword.extension.responses import (
    default_additional_claims_callback,
    default_encode_key_callback,
    default_jwt_headers_callback,
    default_user_identity_callback,
)
from flask_watchword.jose import Key, decode_unverified, encode
from flask_watchword.jose.jws import MAX_TOKEN_BYTES
from flask_watchword.jose.recent import Recent
from flask_watchword.sessions.revocation import ISSUED_AFTER

ExpiresDelta = Literal[False] | timedelta
Fresh = bool | float | timedelta
Claims = dict[str, Any]

_DATES = ("exp", "iat", "nbf")
#: What the strict profile writes as ``typ``, so that no verifier takes one kind for another
#: (RFC 8725 section 3.11; RFC 9068 section 2.1).
_EXPLICIT_TYP = {"access": "at+jwt", "refresh": "rt+jwt"}
_signing_keys: Recent[tuple[Any, str, str], Key] = Recent(256)


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
        identity: who the token is for; a string, or what the user identity loader turns into one.
        fresh: whether the token is fresh, or for how long (a timedelta).
        expires_delta: how long it lives; ``False`` for ever, ``None`` for
            JWT_ACCESS_TOKEN_EXPIRES.
        additional_claims: further claims; they win over those of the additional claims loader.
        additional_headers: further header members; they win over those of the loader.
        **legacy: ``user_claims`` and ``headers``, as release 3 called them.

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
        identity: who the token is for; a string, or what the user identity loader turns into one.
        expires_delta: how long it lives; ``False`` for ever, ``None`` for
            JWT_REFRESH_TOKEN_EXPIRES.
        additional_claims: further claims; they win over those of the additional claims loader.
        additional_headers: further header members; they win over those of the loader.
        **legacy: ``user_claims`` and ``headers``, as release 3 called them.

    Returns:
        The encoded token.
    """
    if legacy:
        additional_claims, additional_headers = legacy_token_arguments(
            legacy, additional_claims, additional_headers
        )
    return create(identity, "refresh", additional_claims, False, expires_delta, additional_headers)


def create(
    identity: Any,
    token_type: str,
    claims: Claims | None = None,
    fresh: Fresh = False,
    expires_delta: ExpiresDelta | None = None,
    headers: Claims | None = None,
) -> str:
    """Create a token whose life the caller has chosen, and check that it can be used.

    Raises:
        UnusableToken: when this application would refuse it, in the strict profile.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    binding = binding_of(app)
    token = compose(app, binding, identity, token_type, claims, fresh, expires_delta, headers)
    check_usable(app.config, binding, token)
    return token.text


def issue(
    identity: Any,
    token_type: str,
    claims: Claims | None = None,
    fresh: Fresh = False,
    expires_delta: ExpiresDelta | None = None,
    subject: str | None = None,
) -> str:
    """Create a token whose life the package has chosen, and check that it can be used.

    Raises:
        UnusableToken: when this application would refuse it for something else than its age, in
            the strict profile.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    binding = binding_of(app)
    token = compose(
        app, binding, identity, token_type, claims, fresh, expires_delta, subject=subject
    )
    check_usable_whatever_its_age(app.config, binding, token)
    return token.text


def compose(
    app: Flask,
    binding: Binding,
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
    config, manager = app.config, binding.manager
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
    if binding.revocations is not None:
        whose = body.get(config["JWT_IDENTITY_CLAIM"])
        _tell_revocation(body, binding.revocations.subject_revoked_at(whose), manager.clock())
    if "iss" in body and not isinstance(body["iss"], str):
        raise TypeError("Issuer (iss) must be a string.")
    header = _merged(
        manager._jwt_additional_header_callback, default_jwt_headers_callback, identity, headers
    )
    is_plain = not (overrides or header)
    if config["JWT_PROFILE"] == "strict" and token_type in _EXPLICIT_TYP:
        header = {"typ": _EXPLICIT_TYP[token_type], **(header or {})}
    key = _signing_key(app, binding, identity, (header or {}).get("alg"))
    if key.weakness is not None:
        binding.warn_of_weak_key(key.weakness)
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


def _signing_key(app: Flask, binding: Binding, identity: Any, algorithm: str | None) -> Key:
    manager, config = binding.manager, app.config
    if manager._encode_key_callback is default_encode_key_callback:
        if binding.key_source is not None:
            return binding.key_source.signing_key()
        if config["JWT_PUBLIC_KEYS"] is not None and algorithm in (None, config["JWT_ALGORITHM"]):
            return binding.reading(config).decoding.signing_key
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
    return Key.load(material, algorithm, profile=profile).named(None)


def random_id() -> str:
    """Return a random UUID of version 4 (RFC 9562 section 5.4) as text.

    Written out here because ``str(uuid.uuid4())`` costs three times as much, and each token has
    two of them.
    """
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def decode_token(
    encoded_token: str, csrf_value: str | None = None, allow_expired: bool = False
) -> dict[str, Any]:
    """Verify a token and return its claims, without asking blocklist or user loaders.

    Args:
        encoded_token: the token.
        csrf_value: the CSRF double submit value that has to be the token's.
        allow_expired: whether a token whose only fault is its age is accepted.

    Returns:
        The claims.

    Raises:
        Refusal, JWTExtendedException: when the token is not accepted.
    """
    binding = current_binding()
    decoding = binding.reading(current_app.config).decoding
    now = binding.manager.clock()
    return binding.verify(decoding, encoded_token, csrf_value, now, allow_expired).copy().claims


#: What the two below decode with; tests replace it, see :func:`replace_decoding`.
_decode: Callable[[str], Claims] = decode_token


def replace_decoding(function: Callable[[str], Claims]) -> None:
    """Have :func:`get_jti` and :func:`get_csrf_token` decode by another function."""
    global _decode
    _decode = function


def get_jti(encoded_token: str) -> str | None:
    """Return the ``jti`` of a token that is verified first."""
    return _decode(encoded_token).get("jti")


def get_csrf_token(encoded_token: str) -> str:
    """Return the CSRF double submit value of a token that is verified first.

    Raises:
        Refusal, JWTExtendedException: when the token is not accepted, or has no such value.
    """
    return csrf_of(_decode(encoded_token))


def get_unverified_jwt_headers(encoded_token: str) -> dict[str, Any]:
    """Return the header of a token without verifying anything.

    It works outside of an application as well; inside, JWT_MAX_TOKEN_BYTES counts.

    Raises:
        Refusal: when the token is malformed.
    """
    config = current_app.config if current_app else {}
    limit = config.get("JWT_MAX_TOKEN_BYTES", MAX_TOKEN_BYTES)
    return decode_unverified(encoded_token, limit).header
