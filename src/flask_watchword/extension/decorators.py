"""Protecting a view: find the token, verify it, ask what may change while it lives."""

import math
from collections.abc import Callable, Sequence
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from flask import Flask, Request, current_app, request

from flask_watchword.extension.binding import Binding, Reading, binding_of
from flask_watchword.extension.current import CurrentToken, keep
from flask_watchword.extension.deprecation import warn_renamed
from flask_watchword.extension.errors import (
    FreshTokenRequired,
    NoAuthorizationError,
    RevokedTokenError,
    UserClaimsVerificationError,
    UserLookupError,
    WrongTokenError,
)
from flask_watchword.extension.loaders import call
from flask_watchword.extension.locations import FINDERS, from_headers
from flask_watchword.extension.responses import (
    default_blocklist_callback,
    default_token_verification_callback,
)
from flask_watchword.jose import VerifiedToken

LocationType = str | Sequence[str] | None
Claims = dict[str, Any]
View = Callable[..., Any]
Loader = Callable[..., Any]

#: A preflight request carries no credentials (Fetch standard, CORS-preflight fetch).
_EXEMPT_METHOD = "OPTIONS"


def verify_jwt_in_request(
    optional: bool = False,
    fresh: bool = False,
    refresh: bool = False,
    locations: LocationType = None,
    verify_type: bool = True,
    skip_revocation_check: bool = False,
) -> tuple[Claims, Claims] | None:
    """Verify that the current request carries a valid token.

    Args:
        optional: whether a request without a token is let through.
        fresh: whether the token has to be fresh.
        refresh: whether it has to be a refresh token; otherwise it must not be one.
        locations: where to look; ``None`` for JWT_TOKEN_LOCATION.
        verify_type: whether ``refresh`` is asked at all.
        skip_revocation_check: whether the blocklist is left unasked.

    Returns:
        The header and the claims; ``None`` without a token, or for ``OPTIONS``.

    Raises:
        Refusal, JWTExtendedException: when there is no token or it is not accepted.
    """
    current: Request = request._get_current_object()  # type: ignore[attr-defined]
    if current.method == _EXEMPT_METHOD:
        return None
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    binding = binding_of(app)
    reading = binding.reading.read(app.config)
    try:
        verified, location = _find(binding, reading, current, app, locations, refresh)
        header, claims = verified.copy_header(), verified.copy_claims()
        if verify_type:
            check_type(claims, refresh)
        if fresh:
            check_fresh(header, claims, binding.manager.clock())
        if not skip_revocation_check:
            check_not_revoked(binding, header, claims)
        _check_by_loader(binding, header, claims)
    except NoAuthorizationError:
        if not optional:
            raise
        keep(CurrentToken({}, {}, None, None))
        return None
    token = CurrentToken(header, claims, location)
    user_loader = binding.manager._user_lookup_callback
    if user_loader is not None:
        token.user = load_user(user_loader, reading.decoding.identity_claim, header, claims)
    keep(token)
    return header, claims


def jwt_required(
    optional: bool = False,
    fresh: bool = False,
    refresh: bool = False,
    locations: LocationType = None,
    verify_type: bool = True,
    skip_revocation_check: bool = False,
) -> Any:
    """Protect a view: it runs only for requests that carry a valid token.

    Takes the arguments of :func:`verify_jwt_in_request`. Without parentheses, as release 3 wrote
    it, it works with a :class:`DeprecationWarning`.
    """
    if callable(optional):
        warn_renamed("@jwt_required without parentheses", "@jwt_required()")
        return jwt_required()(optional)

    def verify() -> None:
        verify_jwt_in_request(
            optional, fresh, refresh, locations, verify_type, skip_revocation_check
        )

    return lambda view: protect(view, verify)


def jwt_expired_token_required(refresh: bool = False, locations: LocationType = None) -> Any:
    """Protect a view that is meant for expired tokens alone.

    It admits a token whose only fault is its age: genuine, of the right type, not revoked. So a
    client can be told what happened, or a session be closed tidily.

    Args:
        refresh: whether it has to be a refresh token; otherwise it must not be one.
        locations: where to look; ``None`` for JWT_TOKEN_LOCATION.

    Raises:
        WrongTokenError: in the request, for a token that has not expired.
    """
    if callable(refresh):
        raise TypeError("write @jwt_expired_token_required(), with parentheses")
    return lambda view: protect(view, lambda: verify_expired_in_request(refresh, locations))


def verify_expired_in_request(
    refresh: bool = False, locations: LocationType = None
) -> tuple[Claims, Claims] | None:
    """Verify that the current request carries a token whose only fault is its age.

    Returns:
        The header and the claims; ``None`` for ``OPTIONS``.

    Raises:
        WrongTokenError: for a token that has not expired.
        Refusal, JWTExtendedException: when there is no token or it has another fault.
    """
    current: Request = request._get_current_object()  # type: ignore[attr-defined]
    if current.method == _EXEMPT_METHOD:
        return None
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    binding = binding_of(app)
    reading = binding.reading.read(app.config)
    verified, location = _find(
        binding, reading, current, app, locations, refresh, allow_expired=True
    )
    if verified.expiry > binding.manager.clock() - reading.decoding.policy.leeway:
        raise WrongTokenError("Only expired tokens are allowed")
    header, claims = verified.copy_header(), verified.copy_claims()
    check_type(claims, refresh)
    check_not_revoked(binding, header, claims)
    _check_by_loader(binding, header, claims)
    token = CurrentToken(header, claims, location)
    user_loader = binding.manager._user_lookup_callback
    if user_loader is not None:
        token.user = load_user(user_loader, reading.decoding.identity_claim, header, claims)
    keep(token)
    return header, claims


def protect(view: View, verify: Callable[[], object]) -> View:
    """Return a view that runs after a verification, in the context Flask would run it in."""
    if iscoroutinefunction(view):

        @wraps(view)
        def protected_coroutine(*args: Any, **kwargs: Any) -> Any:
            verify()
            return current_app.ensure_sync(view)(*args, **kwargs)

        return protected_coroutine

    @wraps(view)
    def protected(*args: Any, **kwargs: Any) -> Any:
        verify()
        return view(*args, **kwargs)

    return protected


def _find(
    binding: Binding,
    reading: Reading,
    current: Request,
    app: Flask,
    locations: LocationType,
    refresh: bool,
    allow_expired: bool = False,
) -> tuple[VerifiedToken, str]:
    if reading.header_only and not locations:
        token = _plain_header(reading, current)
        if token is None:
            token = from_headers(current, app.config, refresh)[0]
        return binding.verify(reading.decoding, token, None, allow_expired), "headers"
    wanted = _wanted(locations) or reading.locations
    missing = []
    for location in wanted:
        try:
            token, csrf_value = FINDERS[location](current, app.config, refresh)
            verified = binding.verify(reading.decoding, token, csrf_value, allow_expired)
        except NoAuthorizationError as error:
            missing.append(str(error))
        else:
            return verified, location
    raise NoAuthorizationError(_nowhere(wanted, missing))


def _plain_header(reading: Reading, current: Request) -> str | None:
    """Take the token out of a header of the common form: one word, one token."""
    value = current.environ.get(reading.header_key)
    if value is None:
        return None
    parts = value.split()
    if len(parts) == 2 and parts[0] == reading.header_type and "," not in value:
        token: str = parts[1]
        return token
    return None


def _wanted(locations: LocationType) -> tuple[str, ...]:
    wanted = (locations,) if isinstance(locations, str) else tuple(locations or ())
    for location in wanted:
        if location not in FINDERS:
            raise RuntimeError(f"'{location}' is not a valid location")
    return wanted


def _nowhere(wanted: tuple[str, ...], missing: list[str]) -> str:
    if len(wanted) == 1:
        return missing[0]
    return f"Missing JWT in {', '.join(wanted[:-1])} or {wanted[-1]} ({'; '.join(missing)})"


def check_type(claims: Claims, refresh: bool) -> None:
    """Check that a token is a refresh token, or that it is none.

    Raises:
        WrongTokenError: when it is the other.
    """
    if refresh:
        if claims["type"] != "refresh":
            raise WrongTokenError("Only refresh tokens are allowed")
    elif claims["type"] == "refresh":
        raise WrongTokenError("Only non-refresh tokens are allowed")


def check_fresh(header: Claims, claims: Claims, now: float) -> None:
    """Check that a token is fresh: ``true``, or a date that has not passed.

    Raises:
        FreshTokenRequired: when it is neither.
    """
    fresh = claims["fresh"]
    if fresh is True:
        return
    if type(fresh) in (int, float) and math.isfinite(fresh) and fresh >= now:
        return
    raise FreshTokenRequired("Fresh token required", header, claims)


def check_not_revoked(binding: Binding, header: Claims, claims: Claims) -> None:
    """Check that the blocklist loader does not know a token.

    Raises:
        RevokedTokenError: when it does.
    """
    loader = binding.manager._token_in_blocklist_callback
    if loader is not default_blocklist_callback and call(loader, header, claims):
        raise RevokedTokenError(header, claims)


def _check_by_loader(binding: Binding, header: Claims, claims: Claims) -> None:
    loader = binding.manager._token_verification_callback
    if loader is not default_token_verification_callback and not call(loader, header, claims):
        raise UserClaimsVerificationError("User claims verification failed", header, claims)


def load_user(loader: Loader, identity_claim: str, header: Claims, claims: Claims) -> Any:
    """Return what the user lookup loader finds for a token.

    Raises:
        UserLookupError: when it finds nobody.
    """
    user = call(loader, header, claims)
    if user is None:
        raise UserLookupError(
            f"user_lookup returned None for {claims[identity_claim]}", header, claims
        )
    return user
