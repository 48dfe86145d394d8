"""Read roles, scopes and the time of the login from the claims of a token."""

from flask_watchword.extension.verification.current_token import Claims
from flask_watchword.extension.verification.token_checks import is_fresh


def roles_of(claims: Claims) -> frozenset[str]:
    """Return the roles that claims tell; none where they tell them in another form."""
    roles = claims.get("roles")
    if not isinstance(roles, list):
        return frozenset()
    return frozenset(role for role in roles if isinstance(role, str))


def scopes_of(claims: Claims) -> frozenset[str]:
    """Return the scopes that claims tell; none where they tell them in another form."""
    scope = claims.get("scope")
    return frozenset(scope.split(" ")) if isinstance(scope, str) else frozenset()


def signed_in_at(claims: Claims, now: float) -> float | None:
    """Return when a token's user has shown who they are; ``None`` where it does not say."""
    told = claims.get("auth_time")
    if told is None and is_fresh(claims, now):
        told = claims.get("iat")
    # Not isinstance: a boolean is an int, and no date.
    return told if type(told) in (int, float) else None
