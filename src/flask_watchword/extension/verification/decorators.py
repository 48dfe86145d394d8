"""Decorators and functions that require a token."""

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, TypeVar, overload

from flask import current_app

from flask_watchword.extension.checks.misplaced import note_decorated
from flask_watchword.extension.legacy.deprecation import warn_renamed
from flask_watchword.extension.verification.current_token import (
    ABSENT,
    Claims,
    CurrentToken,
)
from flask_watchword.extension.verification.requirements import (
    LocationType,
    Requirements,
)
from flask_watchword.extension.verification.route_metadata import (
    Protection,
    protection_by_requirements,
    with_protection,
)
from flask_watchword.extension.verification.verify import (
    verify,
    verify_expired,
)

View = TypeVar("View", bound=Callable[..., Any])
Argument = TypeVar("Argument")


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
        optional: whether to allow a request without a token.
        fresh: whether the token must be fresh.
        refresh: whether the token must be a refresh token; otherwise it must not be one.
        locations: where to look for the token; ``None`` for JWT_TOKEN_LOCATION.
        verify_type: whether to check the type at all.
        skip_revocation_check: whether to skip the revocation checks.

    Returns:
        The header and the claims; ``None`` without a token, or for ``OPTIONS``.

    Raises:
        TokenRejected, JWTExtendedException: when the token is missing or not accepted.
    """
    return _header_and_claims(
        verify(
            Requirements(optional, fresh, refresh, locations, verify_type, skip_revocation_check)
        )
    )


def verify_expired_in_request(
    refresh: bool = False, locations: LocationType = None
) -> tuple[Claims, Claims] | None:
    """Verify that the current request's token is valid except that it has expired.

    Args:
        refresh: whether the token must be a refresh token; otherwise it must not be one.
        locations: where to look for the token; ``None`` for JWT_TOKEN_LOCATION.

    Returns:
        The header and the claims; ``None`` for ``OPTIONS``.

    Raises:
        WrongTokenError: for a token that has not expired.
        TokenRejected, JWTExtendedException: when the token is missing or has another fault.
    """
    return _header_and_claims(verify_expired(Requirements(refresh=refresh, locations=locations)))


def _header_and_claims(token: CurrentToken | None) -> tuple[Claims, Claims] | None:
    if token is None or token.verified is ABSENT:
        return None
    return token.private_copy


@overload
def jwt_required(optional: View, /) -> View: ...


@overload
def jwt_required(
    optional: bool = False,
    fresh: bool = False,
    refresh: bool = False,
    locations: LocationType = None,
    verify_type: bool = True,
    skip_revocation_check: bool = False,
) -> Callable[[View], View]: ...


def jwt_required(
    optional: Any = False,
    fresh: bool = False,
    refresh: bool = False,
    locations: LocationType = None,
    verify_type: bool = True,
    skip_revocation_check: bool = False,
) -> Any:
    """Protect a view: it runs only for requests with a valid token.

    Takes the arguments of :func:`verify_jwt_in_request`. Without parentheses, the form of release
    3, it works with a :class:`DeprecationWarning`.
    """
    if callable(optional):
        warn_renamed("@jwt_required without parentheses", "@jwt_required()")
        return jwt_required()(optional)
    requirements = Requirements(
        optional, fresh, refresh, locations, verify_type, skip_revocation_check
    )
    protection = protection_by_requirements("jwt_required", requirements)
    return lambda view: protect_by_token(view, requirements, protection)


@overload
def jwt_expired_token_required(refresh: View, /) -> View: ...


@overload
def jwt_expired_token_required(
    refresh: bool = False, locations: LocationType = None
) -> Callable[[View], View]: ...


def jwt_expired_token_required(refresh: Any = False, locations: LocationType = None) -> Any:
    """Protect a view that accepts only expired tokens, with or without parentheses.

    The token must otherwise be valid: signed by a known key, of the right type, not revoked. Such a
    view can explain to the client what happened, or end the session.

    Args:
        refresh: whether the token must be a refresh token; otherwise it must not be one.
        locations: where to look for the token; ``None`` for JWT_TOKEN_LOCATION.

    Raises:
        WrongTokenError: in the request, for a token that has not expired.
    """
    if callable(refresh):
        return jwt_expired_token_required()(refresh)
    requirements = Requirements(refresh=refresh, locations=locations)
    protection = protection_by_requirements("jwt_expired_token_required", requirements)
    return lambda view: _protect_by_expired_token(view, requirements, protection)


Protect = Callable[[Any, Any, Protection], Any]


def protector(check: Callable[[Any], object]) -> tuple[Protect, Callable[[Any], None]]:
    """Return a function that protects views with a check, and one that replaces the check.

    The first takes a view, the argument of the check, and the metadata for route lists. It returns
    a view that calls the check and then the original view, as Flask would call it. A check that
    raises keeps the view from running. The second replaces the check for all these views.
    """

    def protect(view: Any, argument: Any, protection: Protection) -> Any:
        note_decorated(view, protection)
        if iscoroutinefunction(view):

            @wraps(view)
            def protected_coroutine(*args: Any, **kwargs: Any) -> Any:
                check(argument)
                return current_app.ensure_sync(view)(*args, **kwargs)

            return with_protection(protected_coroutine, protection)

        @wraps(view)
        def protected(*args: Any, **kwargs: Any) -> Any:
            check(argument)
            return view(*args, **kwargs)

        return with_protection(protected, protection)

    def replace(other: Callable[[Any], object]) -> None:
        nonlocal check
        check = other

    return protect, replace


def protect(
    view: Any, check: Callable[[Argument], object], argument: Argument, protection: Protection
) -> Any:
    """Return a view that runs after a check; see :func:`protector`."""
    protect_by_check, _ = protector(check)
    return protect_by_check(view, argument, protection)


protect_by_token, _replace_check = protector(verify)
_protect_by_expired_token, _replace_expired_check = protector(verify_expired)


def replace_verification(function: Callable[..., object]) -> None:
    """Make every ``jwt_required`` call a function in place of :func:`verify_jwt_in_request`."""
    own = function is verify_jwt_in_request
    _replace_check(verify if own else lambda requirements: function(*requirements))


def replace_expired_verification(function: Callable[..., object]) -> None:
    """Make every ``jwt_expired_token_required`` call a function in place of its own check."""
    own = function is verify_expired_in_request
    _replace_expired_check(
        verify_expired
        if own
        else lambda requirements: function(requirements.refresh, requirements.locations)
    )
