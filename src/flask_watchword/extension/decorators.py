"""Protecting a view with the token of its request."""

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, TypeVar, overload

from flask import current_app

from flask_watchword.extension.current import ABSENT, CurrentToken
from flask_watchword.extension.deprecation import warn_renamed
from flask_watchword.extension.marks import Mark, mark_of_demand, marked
from flask_watchword.extension.verification import (
    Claims,
    Demand,
    LocationType,
    verify,
    verify_expired,
)

View = TypeVar("View", bound=Callable[..., Any])
Wanted = TypeVar("Wanted")


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
    return _header_and_claims(
        verify(Demand(optional, fresh, refresh, locations, verify_type, skip_revocation_check))
    )


def verify_expired_in_request(
    refresh: bool = False, locations: LocationType = None
) -> tuple[Claims, Claims] | None:
    """Verify that the current request carries a token whose only fault is its age.

    Args:
        refresh: whether it has to be a refresh token; otherwise it must not be one.
        locations: where to look; ``None`` for JWT_TOKEN_LOCATION.

    Returns:
        The header and the claims; ``None`` for ``OPTIONS``.

    Raises:
        WrongTokenError: for a token that has not expired.
        Refusal, JWTExtendedException: when there is no token or it has another fault.
    """
    return _header_and_claims(verify_expired(Demand(refresh=refresh, locations=locations)))


def _header_and_claims(token: CurrentToken | None) -> tuple[Claims, Claims] | None:
    if token is None or token.verified is ABSENT:
        return None
    return token.own


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
    """Protect a view: it runs only for requests that carry a valid token.

    Takes the arguments of :func:`verify_jwt_in_request`. Without parentheses, as release 3 wrote
    it, it works with a :class:`DeprecationWarning`.
    """
    if callable(optional):
        warn_renamed("@jwt_required without parentheses", "@jwt_required()")
        return jwt_required()(optional)
    demand = Demand(optional, fresh, refresh, locations, verify_type, skip_revocation_check)
    mark = mark_of_demand("jwt_required", demand)
    return lambda view: protect(view, verify, demand, mark)


@overload
def jwt_expired_token_required(refresh: View, /) -> View: ...


@overload
def jwt_expired_token_required(
    refresh: bool = False, locations: LocationType = None
) -> Callable[[View], View]: ...


def jwt_expired_token_required(refresh: Any = False, locations: LocationType = None) -> Any:
    """Protect a view that is meant for expired tokens alone, with or without parentheses.

    It admits a token whose only fault is its age: genuine, of the right type, not revoked. So a
    client can be told what happened, or a session be closed tidily.

    Args:
        refresh: whether it has to be a refresh token; otherwise it must not be one.
        locations: where to look; ``None`` for JWT_TOKEN_LOCATION.

    Raises:
        WrongTokenError: in the request, for a token that has not expired.
    """
    if callable(refresh):
        return jwt_expired_token_required()(refresh)
    demand = Demand(refresh=refresh, locations=locations)
    mark = mark_of_demand("jwt_expired_token_required", demand)
    return lambda view: protect(view, verify_expired, demand, mark)


def protect(view: View, check: Callable[[Wanted], object], wanted: Wanted, mark: Mark) -> Any:
    """Return a view that runs after a check, in the context Flask would run it in.

    Args:
        view: the view.
        check: what raises where the view must not run.
        wanted: what it is given.
        mark: what it is, for whoever lists the routes.
    """
    if iscoroutinefunction(view):

        @wraps(view)
        def protected_coroutine(*args: Any, **kwargs: Any) -> Any:
            check(wanted)
            return current_app.ensure_sync(view)(*args, **kwargs)

        return marked(protected_coroutine, mark)

    @wraps(view)
    def protected(*args: Any, **kwargs: Any) -> Any:
        check(wanted)
        return view(*args, **kwargs)

    return marked(protected, mark)
