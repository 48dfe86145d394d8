"""Verifying the token of a request: find it, verify it, ask what may change while it lives."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from flask import Flask, Request, current_app, request

from flask_watchword.errors import TokenRejected, UnknownKeyError
from flask_watchword.extension.callbacks.call import call
from flask_watchword.extension.callbacks.defaults import (
    default_blocklist_callback,
    default_decode_key_callback,
    default_token_verification_callback,
)
from flask_watchword.extension.callbacks.registered import Callbacks
from flask_watchword.extension.config_snapshot import ConfigSnapshot
from flask_watchword.extension.errors import (
    FreshTokenRequired,
    NoAuthorizationError,
    RevokedTokenError,
    UserClaimsVerificationError,
    UserLookupError,
    WrongTokenError,
)
from flask_watchword.extension.options.config_version import VERSION
from flask_watchword.extension.state import (
    EXTENSION_KEY,
    AppState,
    state_of,
)
from flask_watchword.extension.verification.current import (
    CurrentToken,
    absent_token,
    keep,
    keep_refused,
)
from flask_watchword.extension.verification.locations import FINDERS
from flask_watchword.extension.verification.requirements import LocationType, Requirements
from flask_watchword.jose import Decoder, VerifiedToken

Claims = dict[str, Any]
Loader = Callable[..., Any]

#: A preflight request carries no credentials (Fetch standard, CORS-preflight fetch).
_EXEMPT_METHOD = "OPTIONS"


def verify(requirements: Requirements) -> CurrentToken | None:  # noqa: C901
    """Verify that the current request carries a token that a view demands, and keep it.

    One long function on purpose: every protected request runs it, and between the work of a
    request the code of each further function lies in cold memory.

    Returns:
        The token; :data:`ABSENT` stands in it where it is optional and there is none; ``None``
        for ``OPTIONS``.

    Raises:
        TokenRejected, JWTExtendedException: when there is no token or it is not accepted.
    """
    current: Request = request._get_current_object()  # type: ignore[attr-defined]
    if current.method == _EXEMPT_METHOD:
        return None
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    state: AppState = app.extensions.get(EXTENSION_KEY) or state_of(app)
    callbacks = state.callbacks
    optional, fresh, refresh, locations, verify_type, skip_revocation_check = requirements
    now = callbacks.clock()
    try:
        # The comparison of `AppState.snapshot`, written out; kept equal to it.
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
                # What is remembered is a whole token, so a header that holds anything else
                # beside it is not found here.
                verified = decoder.verified[text]
                if verified is None:
                    issuers = snapshot.decoding.issuers
                    if issuers is None:
                        verified = _admit(decoder, text, now)
                    else:
                        verified, own = issuers.recall(text, now), False
                elif not verified.valid_from <= now < verified.valid_until:
                    verified = None
        if verified is None:
            token = find(state, snapshot, current, app, requirements, now)
            verified = token.verified
            own = snapshot.decoding.is_own(verified.claims)
        else:
            token = CurrentToken(verified, "headers")
        claims = verified.claims
        if not own:
            check_file(state, current)
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
            keep_refused(current, app)
            raise
        token = absent_token()
    except Exception:
        keep_refused(current, app)
        raise
    else:
        if callbacks._user_lookup_callback is not None:
            try:
                load_user(callbacks._user_lookup_callback, app, token)
            except Exception:
                keep_refused(current, app)
                raise
    keep(current, app, token)
    return token


def _admit(decoder: Decoder, token: str, now: float) -> VerifiedToken | None:
    """Admit a token that stood alone in a header of the common form.

    Returns:
        The token; ``None`` where it has expired, was more than a token or names a key that is
        not known yet, for :func:`find` to say so or to look for that key.

    Raises:
        TokenRejected, JWTExtendedException: when the token is not accepted.
    """
    try:
        verified = decoder.verify_uncached(token, now)
    except UnknownKeyError:
        return None
    except TokenRejected:
        # What is accepted is a token and nothing else, so only here can it have been more.
        if "," in token or token.split() != [token]:
            return None
        raise
    return verified if now < verified.valid_until else None


def verify_expired(requirements: Requirements) -> CurrentToken | None:
    """Verify that the current request carries a token whose only fault is its age, and keep it.

    Returns:
        The token; ``None`` for ``OPTIONS``.

    Raises:
        WrongTokenError: for a token that has not expired.
        TokenRejected, JWTExtendedException: when there is no token or it has another fault.
    """
    current: Request = request._get_current_object()  # type: ignore[attr-defined]
    if current.method == _EXEMPT_METHOD:
        return None
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    try:
        token = _find_expired(current, app, requirements)
    except Exception:
        keep_refused(current, app)
        raise
    keep(current, app, token)
    return token


def _find_expired(current: Request, app: Flask, requirements: Requirements) -> CurrentToken:
    state = state_of(app)
    callbacks = state.callbacks
    now = callbacks.clock()
    snapshot = state.snapshot_for_request(app)
    token = find(state, snapshot, current, app, requirements, now, allow_expired=True)
    if now < token.verified.valid_until:
        raise WrongTokenError("Only expired tokens are allowed")
    check_type(token.verified.claims, requirements.refresh)
    own = snapshot.decoding.is_own(token.verified.claims)
    if not own:
        check_file(state, current)
    elif state.revocations is not None:
        state.revocations.check_expired(token)
    for _, check in loader_checks(callbacks, app):
        check(token)
    return token


def loader_checks(
    callbacks: Callbacks, app: Flask
) -> Iterator[tuple[str, Callable[[CurrentToken], None]]]:
    """Yield the checks by the application's own loaders, by name and in order."""
    blocklist = callbacks._token_in_blocklist_callback
    if blocklist is not default_blocklist_callback:
        yield "blocklist loader", partial(check_not_revoked, blocklist)
    verification = callbacks._token_verification_callback
    if verification is not default_token_verification_callback:
        yield "verification loader", partial(check_by_loader, verification)
    user = callbacks._user_lookup_callback
    if user is not None:
        yield "user lookup loader", partial(load_user, user, app)


def find(
    state: AppState,
    snapshot: ConfigSnapshot,
    current: Request,
    app: Flask,
    requirements: Requirements,
    now: float,
    allow_expired: bool = False,
) -> CurrentToken:
    """Find the first token in the locations of a demand, and verify it.

    Raises:
        NoAuthorizationError: when there is none in any of them.
        TokenRejected, JWTExtendedException: when the one that is found is not accepted.
    """
    wanted = wanted_locations(requirements.locations) or snapshot.locations
    missing = []
    for location in wanted:
        try:
            token, csrf_value = FINDERS[location](current, app.config, requirements.refresh)
            if location == "cookies" and state.check_cookie_request is not None:
                state.check_cookie_request(current)
            verified = state.verify(snapshot.decoding, token, csrf_value, now, allow_expired)
        except NoAuthorizationError as error:
            missing.append(str(error))
        else:
            return CurrentToken(verified, location)
    raise NoAuthorizationError(nowhere(wanted, missing), missing)


def wanted_locations(locations: LocationType) -> tuple[str, ...]:
    """Return the locations that a view asks for; none where it leaves them to the options.

    Raises:
        RuntimeError: for one that does not exist.
    """
    wanted = (locations,) if isinstance(locations, str) else tuple(locations or ())
    for location in wanted:
        if location not in FINDERS:
            raise RuntimeError(f"'{location}' is not a valid location")
    return wanted


def nowhere(wanted: Sequence[str], missing: Sequence[str]) -> str:
    """Return what to say when no location held a token, given what each of them missed."""
    if len(wanted) == 1:
        return missing[0]
    return f"Missing JWT in {', '.join(wanted[:-1])} or {wanted[-1]} ({'; '.join(missing)})"


def check_file(state: AppState, current: Request) -> None:
    """Check that a token of another issuer is admitted where it was sent.

    Raises:
        WrongTokenError: when it is not.
    """
    if not state.own_token_blueprints.isdisjoint(current.blueprints):
        raise WrongTokenError("Only tokens of this application are allowed")


def check_type(claims: Claims, refresh: bool) -> None:
    """Check that a token is a refresh token, or that it is none.

    Raises:
        WrongTokenError: when it is the other.
    """
    if refresh and claims["type"] != "refresh":
        raise WrongTokenError("Only refresh tokens are allowed")
    if not refresh and claims["type"] == "refresh":
        raise WrongTokenError("Only non-refresh tokens are allowed")


def check_fresh(token: CurrentToken, now: float) -> None:
    """Check that a token is fresh.

    Raises:
        FreshTokenRequired: when it is not.
    """
    if not is_fresh(token.verified.claims, now):
        raise FreshTokenRequired("Fresh token required", *token.own)


def is_fresh(claims: Claims, now: float) -> bool:
    """Tell whether a token is fresh: ``true``, or a date that has not passed."""
    fresh = claims["fresh"]
    # Not isinstance: a boolean is an int, and false no date.
    return fresh is True or (type(fresh) in (int, float) and bool(fresh >= now))


def check_not_revoked(loader: Loader, token: CurrentToken) -> None:
    """Check that the blocklist loader does not know a token.

    Raises:
        RevokedTokenError: when it does.
    """
    if call(loader, *token.own):
        raise RevokedTokenError(*token.own)


def check_by_loader(loader: Loader, token: CurrentToken) -> None:
    """Check that the token verification loader admits a token.

    Raises:
        UserClaimsVerificationError: when it does not.
    """
    if not call(loader, *token.own):
        raise UserClaimsVerificationError("User claims verification failed", *token.own)


def load_user(loader: Loader, app: Flask, token: CurrentToken) -> None:
    """Ask the user lookup loader for the token's user.

    Raises:
        UserLookupError: when it finds nobody.
    """
    user = call(loader, *token.own)
    if user is None:
        identity = token.verified.claims[app.config["JWT_IDENTITY_CLAIM"]]
        raise UserLookupError(f"user_lookup returned None for {identity}", *token.own)
    token.user = user
