"""Trace the checks of a protected view for the token of the current request.

The decoder's and the view's own checks run, in the view's order; the trace records their results.
"""

from collections.abc import Callable, Sequence
from functools import partial

from flask import Flask, current_app, request

from flask_watchword.errors import TokenRejected
from flask_watchword.extension.callbacks.defaults import default_decode_key_callback
from flask_watchword.extension.decoder_config import DecoderConfig
from flask_watchword.extension.errors import JWTExtendedException, RevokedTokenError
from flask_watchword.extension.explain.revocation_steps import trace_revocations
from flask_watchword.extension.sessions.revocation_feed import TOKEN_REVOKED
from flask_watchword.extension.state import AppState, state_of
from flask_watchword.extension.verification.current_token import CurrentToken
from flask_watchword.extension.verification.locations import from_headers
from flask_watchword.extension.verification.token_checks import check_type, loader_checks
from flask_watchword.jose.explain import Trace, UnverifiedToken, date, shown, trace_token
from flask_watchword.jose.keys import Key

#: Returns the keys that verify, and a description of the known keys.
KnownKeys = Callable[[], tuple[Sequence[Key], str]]


def new_trace() -> Trace:
    """Return a trace that stops at the errors by which a protected view rejects a token."""
    return Trace((TokenRejected, JWTExtendedException), _code_of)


def trace_request(
    trace: Trace, token: str, keys: KnownKeys, *, refresh: bool
) -> CurrentToken | None:
    """Run every check of a protected view for the token of the current request.

    Args:
        trace: records the checks.
        token: the token of the request.
        keys: called when the application's own keys verify.
        refresh: whether the view requires a refresh token, or any other.

    Returns:
        The token if it was verified; a later step may have rejected it.

    Raises:
        StoreUnavailable: when a store does not respond.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    state = state_of(app)
    config, now = app.config, state.callbacks.clock()
    decoding = state.snapshot(config).decoding
    found: list[str] = [token]

    def find() -> None:
        found[:] = [from_headers(request, config, refresh)[0]]

    trace.run("header field", "one word and one token", find)
    unverified = UnverifiedToken.parse(found[0], decoding.policy.max_token_bytes)
    own_keys = _has_own_keys(state, decoding)
    if own_keys:
        verifying, known = keys()
        trace_token(trace, unverified, decoding.policy, verifying, known, now)
    verified: list[CurrentToken] = []

    def verify(*, allow_expired: bool) -> None:
        token = state.verify(decoding, found[0], None, now, allow_expired)
        verified[:] = [CurrentToken(token, "headers")]

    claims = unverified.claims or {}
    trace.run(
        f"identity ({decoding.identity_claim})" if own_keys else "form, signature and claims",
        shown(claims.get(decoding.identity_claim, "absent")) if claims else "",
        partial(verify, allow_expired=True),
    )
    trace.run(
        "exp",
        date(claims, "exp", now) if claims else "",
        partial(verify, allow_expired=False),
    )
    current = verified[0] if verified else None
    wanted = "a refresh token" if refresh else "no refresh token"
    kind = claims.get("type", "access")
    trace.run(
        "type",
        f"{shown(kind)}; wanted: {wanted}" if claims else "",
        lambda: check_type(current.verified.claims if current else {}, refresh),
    )
    is_own = current is None or decoding.is_own(current.verified.claims)
    if is_own and state.revocations is not None:
        trace_revocations(trace, state.revocations, current, now)
    for name, check in loader_checks(state.callbacks, app):
        if current is None:
            trace.skip(name)
        else:
            trace.run(name, "", partial(check, current))
    return current


def _code_of(error: Exception) -> str:
    if isinstance(error, RevokedTokenError):
        return error.code or TOKEN_REVOKED
    return getattr(error, "code", None) or "invalid_token"


def _has_own_keys(state: AppState, decoding: DecoderConfig) -> bool:
    # Otherwise the keys depend on the token: on its issuer, or on a key loader's decision.
    by_loader = state.callbacks._decode_key_callback is not default_decode_key_callback
    return decoding.issuers is None and not by_loader
