"""Protecting a view with what its token says: roles, scopes, and how long ago somebody signed in.

Each guard asks first for what ``@jwt_required()`` asks for. What a claim says counts only in the
form that its RFC gives it; in any other form it says nothing.
"""

import math
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar, overload

from flask import Flask, current_app

from flask_watchword.extension.errors import (
    InsufficientRole,
    InsufficientScope,
    SignInTooOld,
)
from flask_watchword.extension.permissions.claims import roles_of, scopes_of, signed_in_at
from flask_watchword.extension.state import state_of
from flask_watchword.extension.verification.current_token import CurrentToken
from flask_watchword.extension.verification.decorators import protect, protect_by_token
from flask_watchword.extension.verification.requirements import Requirements
from flask_watchword.extension.verification.route_metadata import Protection, protection_by_names
from flask_watchword.extension.verification.verify import verify

View = TypeVar("View", bound=Callable[..., Any])

_ACCESS = Requirements()
_FRESH = Requirements(fresh=True)
#: Not ``None``, which an option that was never set gives.
_NO_LIMIT: Any = object()
# RFC 6749 section 3.3. What is needed stands in a header of the refusal, so nothing else may.
_SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")


class _Names(NamedTuple):
    """What a guard asks for, in the order in which it was written."""

    in_order: tuple[str, ...]
    needed: frozenset[str]


def roles_required(*roles: str) -> Callable[[View], View]:
    """Protect a view: it runs only for an access token with every one of these roles.

    Roles are the claim ``roles``, a list of strings (RFC 9068 section 2.2.3.1).

    Args:
        *roles: all of which are needed.

    Raises:
        TypeError: without any, or without parentheses.
        InsufficientRole: in the request, when one is missing; answered with 403.
    """
    if not roles or not all(isinstance(role, str) and role for role in roles):
        raise TypeError('name the roles that are needed: @roles_required("admin")')
    names = _Names(roles, frozenset(roles))
    protection = protection_by_names("roles_required", roles)
    return lambda view: protect(view, _verify_roles, names, protection)


def scopes_required(*scopes: str) -> Callable[[View], View]:
    """Protect a view: it runs only for an access token with every one of these scopes.

    Scopes are the claim ``scope``, a string with spaces between them (RFC 8693 section 4.2).

    Args:
        *scopes: all of which are needed, without spaces, quotes and backslashes.

    Raises:
        TypeError: without any, without parentheses, or for one that no token can have.
        InsufficientScope: in the request, when one is missing; answered with 403.
    """
    if not scopes or not all(isinstance(one, str) and _SCOPE.fullmatch(one) for one in scopes):
        raise TypeError('name the scopes that are needed: @scopes_required("orders:read")')
    names = _Names(scopes, frozenset(scopes))
    protection = protection_by_names("scopes_required", scopes)
    return lambda view: protect(view, _verify_scopes, names, protection)


@overload
def fresh_required(view: View, /) -> View: ...


@overload
def fresh_required(*, max_age: float | timedelta = ...) -> Callable[[View], View]: ...


def fresh_required(view: Any = None, /, *, max_age: Any = _NO_LIMIT) -> Any:
    """Protect a view: it runs only for a fresh token, or after a recent sign-in.

    Without ``max_age``, with or without parentheses, the token has to be fresh, as with
    ``@jwt_required(fresh=True)``. With it the user has to have signed in at most that long ago:
    the claim ``auth_time`` (OpenID Connect Core section 2), which tokens of ``Sessions`` keep
    however often they are refreshed. A fresh token without it counts from its ``iat``.

    Args:
        view: the view, where the decorator is written without parentheses.
        max_age: the greatest age of the sign-in, in seconds or as a timedelta.

    Raises:
        TypeError: when ``max_age`` is no duration, or is given without its name.
        ValueError: when it is negative, infinite or no number.
        FreshTokenRequired: in the request, for a token that is not fresh.
        SignInTooOld: in the request, with ``max_age``; answered as tokens that are not fresh are,
            with the challenge of RFC 9470 section 3.
    """
    if view is not None:
        if not callable(view):
            raise TypeError("give the age by its name: @fresh_required(max_age=300)")
        return fresh_required(max_age=max_age)(view)
    if max_age is _NO_LIMIT:
        protection = Protection("fresh_required()")
        return lambda decorated: protect_by_token(decorated, _FRESH, protection)
    seconds = max_age.total_seconds() if isinstance(max_age, timedelta) else max_age
    if type(seconds) not in (int, float):
        raise TypeError("max_age is a timedelta or a number of seconds")
    if not 0 <= seconds < math.inf:
        raise ValueError("max_age cannot be negative or without an end")
    protection = Protection(f"fresh_required(max_age={seconds:g})")
    return lambda decorated: protect(decorated, _verify_age, seconds, protection)


def _verify_roles(names: _Names) -> None:
    token = verify(_ACCESS)
    if token is not None and not names.needed <= roles_of(token.verified.claims):
        raise InsufficientRole(names.in_order, *token.private_copy)


def _verify_scopes(names: _Names) -> None:
    token = verify(_ACCESS)
    if token is not None and not names.needed <= scopes_of(token.verified.claims):
        raise InsufficientScope(names.in_order, *token.private_copy)


def _verify_age(max_age: float) -> None:
    token = verify(_ACCESS)
    if token is not None and not _is_young(token, max_age):
        raise SignInTooOld(max_age, *token.private_copy)


def _is_young(token: CurrentToken, max_age: float) -> bool:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    state = state_of(app)
    now = state.callbacks.clock()
    told = signed_in_at(token.verified.claims, now)
    if told is None:
        return False
    # As with every other date, clocks may differ by the leeway. Who will have signed in tomorrow
    # has not signed in.
    leeway = state.snapshot(app.config).decoding.policy.leeway
    # Compared and not subtracted: JSON has integers that no float holds.
    return now - leeway - max_age <= told <= now + leeway
