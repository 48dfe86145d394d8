"""Decorators that require roles, scopes or a recent login.

Each decorator first verifies the token as ``@jwt_required()`` does. A claim counts only in the form
that its RFC defines; in any other form it is ignored.
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
from flask_watchword.extension.permissions.claims import login_time, roles_of, scopes_of
from flask_watchword.extension.state import state_of
from flask_watchword.extension.verification.current_token import CurrentToken
from flask_watchword.extension.verification.decorators import protect, protect_by_token
from flask_watchword.extension.verification.requirements import Requirements
from flask_watchword.extension.verification.route_metadata import Protection, protection_by_names
from flask_watchword.extension.verification.verify import verify

View = TypeVar("View", bound=Callable[..., Any])

_ACCESS = Requirements()
_FRESH = Requirements(fresh=True)
#: Not ``None``: that is the value of an option which was never set.
_NO_LIMIT: Any = object()
# RFC 6749 section 3.3. The required scopes appear in a response header, so no other characters are
# allowed.
_SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")


class _Names(NamedTuple):
    """The names that a decorator requires, in the order in which they were written."""

    in_order: tuple[str, ...]
    required: frozenset[str]


def roles_required(*roles: str) -> Callable[[View], View]:
    """Protect a view: it runs only for an access token with all of these roles.

    Roles are the claim ``roles``, a list of strings (RFC 9068 section 2.2.3.1).

    Args:
        *roles: the required roles.

    Raises:
        TypeError: without arguments, or without parentheses.
        InsufficientRole: in the request, when the token lacks one; the response has status 403.
    """
    if not roles or not all(isinstance(role, str) and role for role in roles):
        raise TypeError('name the required roles: @roles_required("admin")')
    names = _Names(roles, frozenset(roles))
    protection = protection_by_names("roles_required", roles)
    return lambda view: protect(view, _verify_roles, names, protection)


def scopes_required(*scopes: str) -> Callable[[View], View]:
    """Protect a view: it runs only for an access token with all of these scopes.

    Scopes are the claim ``scope``, a space-separated string (RFC 8693 section 4.2).

    Args:
        *scopes: the required scopes, without spaces, quotes and backslashes.

    Raises:
        TypeError: without arguments, without parentheses, or for a scope that no token can have.
        InsufficientScope: in the request, when the token lacks one; the response has status 403.
    """
    if not scopes or not all(isinstance(one, str) and _SCOPE.fullmatch(one) for one in scopes):
        raise TypeError('name the required scopes: @scopes_required("orders:read")')
    names = _Names(scopes, frozenset(scopes))
    protection = protection_by_names("scopes_required", scopes)
    return lambda view: protect(view, _verify_scopes, names, protection)


@overload
def fresh_required(view: View, /) -> View: ...


@overload
def fresh_required(*, max_age: float | timedelta = ...) -> Callable[[View], View]: ...


def fresh_required(view: Any = None, /, *, max_age: Any = _NO_LIMIT) -> Any:
    """Protect a view: it runs only for a fresh token, or after a recent login.

    Without ``max_age``, with or without parentheses, the token must be fresh, as with
    ``@jwt_required(fresh=True)``. With ``max_age``, the user must have logged in at most that long
    ago: the claim ``auth_time`` (OpenID Connect Core section 2), which tokens of ``Sessions`` keep
    through every refresh. For a fresh token without ``auth_time`` its ``iat`` counts.

    Args:
        view: the view, if the decorator is written without parentheses.
        max_age: the maximum age of the login, in seconds or as a timedelta.

    Raises:
        TypeError: when ``max_age`` is not a duration, or is a positional argument.
        ValueError: when it is negative, infinite or NaN.
        FreshTokenRequired: in the request, for a token that is not fresh.
        SignInTooOld: in the request, with ``max_age``; the response is that for a token that is
            not fresh, with the challenge of RFC 9470 section 3.
    """
    if view is not None:
        if not callable(view):
            raise TypeError("pass the age as a keyword argument: @fresh_required(max_age=300)")
        return fresh_required(max_age=max_age)(view)
    if max_age is _NO_LIMIT:
        protection = Protection("fresh_required()")
        return lambda decorated: protect_by_token(decorated, _FRESH, protection)
    seconds = max_age.total_seconds() if isinstance(max_age, timedelta) else max_age
    if type(seconds) not in (int, float):
        raise TypeError("max_age must be a timedelta or a number of seconds")
    if not 0 <= seconds < math.inf:
        raise ValueError("max_age must not be negative or infinite")
    protection = Protection(f"fresh_required(max_age={seconds:g})")
    return lambda decorated: protect(decorated, _verify_age, seconds, protection)


def _verify_roles(names: _Names) -> None:
    token = verify(_ACCESS)
    if token is not None and not names.required <= roles_of(token.verified.claims):
        raise InsufficientRole(names.in_order, *token.private_copy)


def _verify_scopes(names: _Names) -> None:
    token = verify(_ACCESS)
    if token is not None and not names.required <= scopes_of(token.verified.claims):
        raise InsufficientScope(names.in_order, *token.private_copy)


def _verify_age(max_age: float) -> None:
    token = verify(_ACCESS)
    if token is not None and not _is_recent(token, max_age):
        raise SignInTooOld(max_age, *token.private_copy)


def _is_recent(token: CurrentToken, max_age: float) -> bool:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    state = state_of(app)
    now = state.callbacks.clock()
    logged_in_at = login_time(token.verified.claims, now)
    if logged_in_at is None:
        return False
    # As with every other date, clocks may differ by the leeway. A login in the future does not
    # count.
    leeway = state.snapshot(app.config).decoding.policy.leeway
    # Compared and not subtracted: JSON has integers too large for a float.
    return now - leeway - max_age <= logged_in_at <= now + leeway
