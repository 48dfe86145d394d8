"""Verify the token of a request: find it, decode it, and check what may change while it lives."""

from collections.abc import Sequence

from flask import Flask, Request, current_app, request

from flask_watchword.errors import TokenRejected, UnknownKeyError
from flask_watchword.extension.callbacks.defaults import (
    default_blocklist_callback,
    default_decode_key_callback,
    default_token_verification_callback,
)
from flask_watchword.extension.config_snapshot import ConfigSnapshot
from flask_watchword.extension.errors import NoAuthorizationError, WrongTokenError
from flask_watchword.extension.options.config_version import VERSION
from flask_watchword.extension.state import EXTENSION_KEY, AppState, state_of
from flask_watchword.extension.verification.current_token import (
    PREFLIGHT,
    CurrentToken,
    absent_token,
    set_current_token,
    set_rejected,
)
from flask_watchword.extension.verification.locations import READERS
from flask_watchword.extension.verification.requirements import LocationType, Requirements
from flask_watchword.extension.verification.token_checks import (
    check_by_loader,
    check_fresh,
    check_issuer_allowed,
    check_not_revoked,
    check_type,
    load_user,
    loader_checks,
)
from flask_watchword.jose import Decoder, VerifiedToken


def verify(requirements: Requirements) -> CurrentToken | None:  # noqa: C901
    """Verify the current request's token against the requirements of a view, and store it.

    This is one long function on purpose: it runs at every protected request, and after the rest of
    a request each further function is a cache miss of the processor.

    Returns:
        The token; one with :data:`ABSENT` if it is optional and missing; ``None`` for ``OPTIONS``.

    Raises:
        TokenRejected, JWTExtendedException: when the token is missing or not accepted.
    """
    current: Request = request._get_current_object()  # type: ignore[attr-defined]
    if current.method == PREFLIGHT:
        return None
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    state: AppState = app.extensions.get(EXTENSION_KEY) or state_of(app)
    callbacks = state.callbacks
    optional, fresh, refresh, locations, verify_type, skip_revocation_check = requirements
    now = callbacks.clock()
    try:
        # The comparison of `AppState.snapshot`, inlined; keep the two equal.
        snapshot = state.last_snapshot
        if (
            snapshot is None
            or snapshot.version is not getattr(app.config, VERSION, None)
            or snapshot.mutable_values != snapshot.copies
        ):
            snapshot = state.snapshot_for_request(app)
        verified, own = None, True
        if snapshot.header_first and locations is None:
            value, prefix = current.environ.get(snapshot.header_key), snapshot.header_prefix
            if (
                value is not None
                and value.startswith(prefix)
                and callbacks._decode_key_callback is default_decode_key_callback
            ):
                text, decoder = value[len(prefix) :], snapshot.decoding.default_decoder
                # The cache key is the whole token, so a header with anything else beside the
                # token is not found.
                verified = decoder.verified[text]
                if verified is None:
                    issuers = snapshot.decoding.issuers
                    if issuers is None:
                        verified = _verify_uncached(decoder, text, now)
                    else:
                        verified, own = issuers.recall(text, now), False
                elif not verified.valid_from <= now < verified.valid_until:
                    verified = None
        if verified is None:
            token = find_and_verify(state, snapshot, current, app, requirements, now)
            verified = token.verified
            own = snapshot.decoding.is_own(verified.claims)
        else:
            token = CurrentToken(verified, "headers")
        claims = verified.claims
        if not own:
            check_issuer_allowed(state, current)
        if verify_type and (claims["type"] == "refresh") is not refresh:
            check_type(claims, refresh)
        if fresh and claims["fresh"] is not True:
            check_fresh(token, now)
        if not skip_revocation_check:
            if own and state.revocations is not None:
                state.revocations.check(token)
            blocklist = callbacks._token_in_blocklist_callback
            if blocklist is not default_blocklist_callback:
                check_not_revoked(blocklist, token)
        verification = callbacks._token_verification_callback
        if verification is not default_token_verification_callback:
            check_by_loader(verification, token)
    except NoAuthorizationError:
        if not optional:
            set_rejected(current, app)
            raise
        token = absent_token()
    except Exception:
        set_rejected(current, app)
        raise
    else:
        if callbacks._user_lookup_callback is not None:
            try:
                load_user(callbacks._user_lookup_callback, app, token)
            except Exception:
                set_rejected(current, app)
                raise
    set_current_token(current, app, token)
    return token


def _verify_uncached(decoder: Decoder, token: str, now: float) -> VerifiedToken | None:
    """Verify a token that is alone in a header of the usual form and not in the cache.

    Returns:
        The token; ``None`` if it has expired, is more than a token or names an unknown key:
        :func:`find_and_verify` then reports that, or looks for the key.

    Raises:
        TokenRejected, JWTExtendedException: when the token is not accepted.
    """
    try:
        verified = decoder.verify_uncached(token, now)
    except UnknownKeyError:
        return None
    except TokenRejected:
        # The decoder accepts only the text of one token, so a header with more ends up here.
        if "," in token or token.split() != [token]:
            return None
        raise
    return verified if now < verified.valid_until else None


def verify_expired(requirements: Requirements) -> CurrentToken | None:
    """Verify that the current request's token is valid except that it has expired, and store it.

    Returns:
        The token; ``None`` for ``OPTIONS``.

    Raises:
        WrongTokenError: for a token that has not expired.
        TokenRejected, JWTExtendedException: when the token is missing or has another fault.
    """
    current: Request = request._get_current_object()  # type: ignore[attr-defined]
    if current.method == PREFLIGHT:
        return None
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    try:
        token = _find_expired(current, app, requirements)
    except Exception:
        set_rejected(current, app)
        raise
    set_current_token(current, app, token)
    return token


def _find_expired(current: Request, app: Flask, requirements: Requirements) -> CurrentToken:
    state = state_of(app)
    callbacks = state.callbacks
    now = callbacks.clock()
    snapshot = state.snapshot_for_request(app)
    token = find_and_verify(state, snapshot, current, app, requirements, now, allow_expired=True)
    if now < token.verified.valid_until:
        raise WrongTokenError("Only expired tokens are allowed")
    check_type(token.verified.claims, requirements.refresh)
    if not snapshot.decoding.is_own(token.verified.claims):
        check_issuer_allowed(state, current)
    elif state.revocations is not None:
        state.revocations.check_expired(token)
    for _, check in loader_checks(callbacks, app):
        check(token)
    return token


def find_and_verify(
    state: AppState,
    snapshot: ConfigSnapshot,
    current: Request,
    app: Flask,
    requirements: Requirements,
    now: float,
    allow_expired: bool = False,
) -> CurrentToken:
    """Verify the first token found in the required locations.

    Raises:
        NoAuthorizationError: when no location has a token.
        TokenRejected, JWTExtendedException: when the token found is not accepted.
    """
    locations = required_locations(requirements.locations) or snapshot.locations
    missing = []
    for location in locations:
        try:
            token, csrf_value = READERS[location](current, app.config, requirements.refresh)
            if location == "cookies" and state.check_cookie_request is not None:
                state.check_cookie_request(current)
            verified = state.verify(snapshot.decoding, token, csrf_value, now, allow_expired)
        except NoAuthorizationError as error:
            missing.append(str(error))
        else:
            return CurrentToken(verified, location)
    raise NoAuthorizationError(missing_token_message(locations, missing), missing)


def required_locations(locations: LocationType) -> tuple[str, ...]:
    """Return the locations that a view requires; empty if it uses JWT_TOKEN_LOCATION.

    Raises:
        RuntimeError: for a location that does not exist.
    """
    required = (locations,) if isinstance(locations, str) else tuple(locations or ())
    for location in required:
        if location not in READERS:
            raise RuntimeError(f"'{location}' is not a valid location")
    return required


def missing_token_message(locations: Sequence[str], missing: Sequence[str]) -> str:
    """Return the error text when no location has a token, from the text for each location."""
    if len(locations) == 1:
        return missing[0]
    return f"Missing JWT in {', '.join(locations[:-1])} or {locations[-1]} ({'; '.join(missing)})"
