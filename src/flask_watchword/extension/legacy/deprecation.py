"""Names and arguments of Flask-JWT-Extended 3, and their deprecation warnings."""

from typing import Any

from flask import current_app

from flask_watchword.extension.caller_warnings import warn_caller


def warn_renamed(old: str, new: str) -> None:
    """Warn that a name of release 3 is used, and name its replacement."""
    warn_caller(f"{old} is deprecated, use {new}", DeprecationWarning)


def user_claims_key() -> str:
    """Return the claim under which release 3 nests the user claims."""
    key: str = current_app.config.get("JWT_USER_CLAIMS", "user_claims")
    return key


def legacy_token_arguments(
    legacy: dict[str, Any], claims: dict[str, Any] | None, headers: dict[str, Any] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Convert the arguments ``user_claims`` and ``headers`` of release 3.

    Raises:
        TypeError: for any other argument.
    """
    unknown = legacy.keys() - {"user_claims", "headers"}
    if unknown:
        raise TypeError(f"got an unexpected keyword argument {min(unknown)!r}")
    if "user_claims" in legacy:
        warn_renamed("user_claims=", "additional_claims=")
        # None, the default of release 3, means the claims of the loader.
        if legacy["user_claims"] is not None:
            claims = {user_claims_key(): legacy["user_claims"], **(claims or {})}
    if "headers" in legacy:
        warn_renamed("headers=", "additional_headers=")
        headers = {**(legacy["headers"] or {}), **(headers or {})}
    return claims, headers
