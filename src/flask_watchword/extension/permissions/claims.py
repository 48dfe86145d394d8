"""Read roles, scopes and the time of the login from the claims of a token."""

from flask_watchword.extension.verification.current_token import Claims
from flask_watchword.extension.verification.token_checks import is_fresh


def roles_of(claims: Claims) -> frozenset[str]:
    """Return the claim ``roles``; empty if it is not a list."""
    roles = claims.get("roles")
    if not isinstance(roles, list):
        return frozenset()
    return frozenset(role for role in roles if isinstance(role, str))


def scopes_of(claims: Claims) -> frozenset[str]:
    """Return the scopes in the claim ``scope``; empty if it is not a string."""
    scope = claims.get("scope")
    return frozenset(scope.split(" ")) if isinstance(scope, str) else frozenset()


def login_time(claims: Claims, now: float) -> float | None:
    """Return when a token's user logged in, in seconds since the epoch; ``None`` if unknown."""
    time = claims.get("auth_time")
    if time is None and is_fresh(claims, now):
        time = claims.get("iat")
    # Not isinstance: a boolean is an int, but not a date.
    return time if type(time) in (int, float) else None
