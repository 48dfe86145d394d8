"""Protect views.

Tests of applications replace functions of this module, above all ``verify_jwt_in_request``, so the
functions look each other up here at each call.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, current_app, request

from flask_watchword.config import config
from flask_watchword.exceptions import CSRFError as CSRFError
from flask_watchword.exceptions import FreshTokenRequired as FreshTokenRequired
from flask_watchword.exceptions import InvalidHeaderError as InvalidHeaderError
from flask_watchword.exceptions import InvalidQueryParamError as InvalidQueryParamError
from flask_watchword.exceptions import NoAuthorizationError as NoAuthorizationError
from flask_watchword.exceptions import UserLookupError as UserLookupError
from flask_watchword.extension.legacy.deprecation import warn_renamed
from flask_watchword.extension.legacy.functions import (
    verify_fresh_jwt_in_request as verify_fresh_jwt_in_request,
)
from flask_watchword.extension.legacy.functions import (
    verify_jwt_in_request_optional as verify_jwt_in_request_optional,
)
from flask_watchword.extension.legacy.functions import (
    verify_jwt_refresh_token_in_request as verify_jwt_refresh_token_in_request,
)
from flask_watchword.extension.state import current_state, state_of
from flask_watchword.extension.verification import locations as readers
from flask_watchword.extension.verification.current_token import (
    CurrentToken,
    absent_token,
    set_current_token,
    set_rejected,
    unverified_token,
)
from flask_watchword.extension.verification.decorators import (
    jwt_expired_token_required as jwt_expired_token_required,
)
from flask_watchword.extension.verification.decorators import protect
from flask_watchword.extension.verification.requirements import LocationType as LocationType
from flask_watchword.extension.verification.requirements import Requirements
from flask_watchword.extension.verification.route_metadata import protection_by_requirements
from flask_watchword.extension.verification.token_checks import is_fresh
from flask_watchword.extension.verification.verify import (
    missing_token_message,
    required_locations,
)
from flask_watchword.internal_utils import (
    Claims,
    custom_verification_for_token,
    get_jwt_manager,
    has_user_lookup,
    user_lookup,
    verify_token_not_blocklisted,
    verify_token_type,
)

from .utils import decode_token, get_unverified_jwt_headers


def verify_jwt_in_request(
    optional: bool = False,
    fresh: bool = False,
    refresh: bool = False,
    locations: LocationType = None,
    verify_type: bool = True,
    skip_revocation_check: bool = False,
) -> tuple[Claims, Claims] | None:
    """Verify that the current request carries a valid token.

    Takes, returns and raises what :func:`flask_watchword.verify_jwt_in_request` does.
    """
    if request.method in config.exempt_methods:
        return None
    current: Request = request._get_current_object()  # type: ignore[attr-defined]
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    state_of(app).check_views(app)
    try:
        token = _verified_token(
            optional, fresh, refresh, locations, verify_type, skip_revocation_check
        )
    except Exception:
        set_rejected(current, app)
        raise
    if token is None:
        set_current_token(current, app, absent_token())
        return None
    set_current_token(current, app, token)
    return token.private_copy.header, token.private_copy.claims


def _verified_token(
    optional: bool,
    fresh: bool,
    refresh: bool,
    locations: LocationType,
    verify_type: bool,
    skip_revocation_check: bool,
) -> CurrentToken | None:
    try:
        claims, header, location = _decode_jwt_from_request(
            locations,
            fresh,
            refresh=refresh,
            verify_type=verify_type,
            skip_revocation_check=skip_revocation_check,
        )
    except NoAuthorizationError:
        if not optional:
            raise
        return None
    token = unverified_token(claims, header, location)
    user = _load_user(header, claims)
    if user is not None:
        token.user = user["loaded_user"]
    return token


def jwt_required(
    optional: bool = False,
    fresh: bool = False,
    refresh: bool = False,
    locations: LocationType = None,
    verify_type: bool = True,
    skip_revocation_check: bool = False,
) -> Any:
    """Protect a view: it runs only for requests with a valid token.

    Takes what :func:`flask_watchword.jwt_required` takes.
    """
    if callable(optional):
        warn_renamed("@jwt_required without parentheses", "@jwt_required()")
        return jwt_required()(optional)

    requirements = Requirements(
        optional, fresh, refresh, locations, verify_type, skip_revocation_check
    )
    protection = protection_by_requirements("jwt_required", requirements)
    return lambda view: protect(view, _verify, requirements, protection)


def _verify(requirements: Requirements) -> None:
    verify_jwt_in_request(*requirements)


def _decode_jwt_from_request(
    locations: LocationType,
    fresh: bool,
    refresh: bool = False,
    verify_type: bool = True,
    skip_revocation_check: bool = False,
) -> tuple[Claims, Claims, str]:
    """Return the claims, the header and the location of the request's token."""
    claims, header, location, encoded = _find(locations, refresh)
    if verify_type:
        verify_token_type(claims, refresh)
    if fresh:
        _verify_token_is_fresh(header, claims)
    if not skip_revocation_check:
        _verify_not_revoked(encoded, location)
        verify_token_not_blocklisted(header, claims)
    custom_verification_for_token(header, claims)
    return claims, header, location


def _verify_not_revoked(encoded: str, location: str) -> None:
    """Check with ``Sessions`` that neither the token's session nor its key has been revoked.

    Raises:
        RevokedTokenError: when one of them has.
        StoreUnavailable: when the store does not respond.
    """
    state = current_state()
    if state.revocations is None:
        return
    decoding = state.snapshot(current_app.config).decoding
    verified = state.verify(decoding, encoded, None, state.callbacks.clock())
    if decoding.is_own(verified.claims):
        state.revocations.check(CurrentToken(verified, location))


def _find(locations: LocationType, refresh: bool) -> tuple[Claims, Claims, str, str]:
    read: dict[str, Callable[[], readers.Found]] = {
        "headers": lambda: _decode_jwt_from_headers(),
        "cookies": lambda: _decode_jwt_from_cookies(refresh),
        "query_string": lambda: _decode_jwt_from_query_string(),
        "json": lambda: _decode_jwt_from_json(refresh),
    }
    required = required_locations(locations) or tuple(config.token_location)
    missing = []
    for location in required:
        try:
            token, csrf_value = read[location]()
            claims = decode_token(token, csrf_value)
            return claims, get_unverified_jwt_headers(token), location, token
        except NoAuthorizationError as error:
            missing.append(str(error))
    raise NoAuthorizationError(missing_token_message(required, missing))


def _decode_jwt_from_headers() -> readers.Found:
    return readers.from_headers(request, current_app.config, False)


def _decode_jwt_from_cookies(refresh: bool) -> readers.Found:
    return readers.from_cookies(request, current_app.config, refresh)


def _decode_jwt_from_query_string() -> readers.Found:
    return readers.from_query_string(request, current_app.config, False)


def _decode_jwt_from_json(refresh: bool) -> readers.Found:
    return readers.from_json(request, current_app.config, refresh)


def _verify_token_is_fresh(jwt_header: Claims, jwt_data: Claims) -> None:
    if not is_fresh(jwt_data, get_jwt_manager().clock()):
        raise FreshTokenRequired("Fresh token required", jwt_header, jwt_data)


def _load_user(jwt_header: Claims, jwt_data: Claims) -> dict[str, Any] | None:
    if not has_user_lookup():
        return None
    identity = jwt_data[config.identity_claim_key]
    user = user_lookup(jwt_header, jwt_data)
    if user is None:
        raise UserLookupError(f"user_lookup returned None for {identity}", jwt_header, jwt_data)
    return {"loaded_user": user}


def jwt_optional(view: Any = None) -> Any:
    """Allow requests without a token, as ``jwt_required(optional=True)`` does."""
    warn_renamed("jwt_optional", "jwt_required(optional=True)")
    decorate = jwt_required(optional=True)
    return decorate if view is None else decorate(view)


def fresh_jwt_required(view: Any = None) -> Any:
    """Require a fresh token, as ``jwt_required(fresh=True)`` does."""
    warn_renamed("fresh_jwt_required", "jwt_required(fresh=True)")
    decorate = jwt_required(fresh=True)
    return decorate if view is None else decorate(view)


def jwt_refresh_token_required(view: Any = None) -> Any:
    """Require a refresh token, as ``jwt_required(refresh=True)`` does."""
    warn_renamed("jwt_refresh_token_required", "jwt_required(refresh=True)")
    decorate = jwt_required(refresh=True)
    return decorate if view is None else decorate(view)
