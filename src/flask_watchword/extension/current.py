"""The token of the current request: where it is kept, and how views ask for it."""

from typing import Any

from flask import current_app, g
from werkzeug.local import LocalProxy

Claims = dict[str, Any]

_NO_LOADER = object()
#: Whether the token is also kept on ``g`` under Flask-JWT-Extended's private names (drop-in).
mirror_on_g = False


class CurrentToken:
    """What is known of the token that the current request came with."""

    __slots__ = ("claims", "header", "location", "user")

    def __init__(
        self, header: Claims, claims: Claims, location: str | None, user: Any = _NO_LOADER
    ) -> None:
        self.header = header
        self.claims = claims
        self.location = location
        self.user = user


def keep(token: CurrentToken) -> None:
    """Keep the token for the rest of the request."""
    context = g._get_current_object()
    context._watchword = token
    if mirror_on_g:
        context._jwt_extended_jwt = token.claims
        context._jwt_extended_jwt_header = token.header
        context._jwt_extended_jwt_location = token.location
        loaded = token.user is not _NO_LOADER
        context._jwt_extended_jwt_user = {"loaded_user": token.user} if loaded else None


def _current() -> CurrentToken:
    token: CurrentToken | None = getattr(g._get_current_object(), "_watchword", None)
    if token is None:
        raise RuntimeError(
            "You must call `@jwt_required()` or `verify_jwt_in_request()` before using this method"
        )
    return token


def get_jwt() -> dict[str, Any]:
    """Return the claims of the current request's token.

    Returns:
        The claims; an empty dictionary where the token is optional and absent.

    Raises:
        RuntimeError: outside a protected view.
    """
    return _current().claims


def get_jwt_header() -> dict[str, Any]:
    """Return the header of the current request's token.

    Returns:
        The header; an empty dictionary where the token is optional and absent.

    Raises:
        RuntimeError: outside a protected view.
    """
    return _current().header


def get_jwt_identity() -> Any:
    """Return the identity of the current request's token.

    Returns:
        The claim that JWT_IDENTITY_CLAIM names; ``None`` where the token is optional and absent.

    Raises:
        RuntimeError: outside a protected view.
    """
    return _current().claims.get(current_app.config["JWT_IDENTITY_CLAIM"])


def get_jwt_request_location() -> str | None:
    """Return where the current request's token was found.

    Returns:
        ``"headers"``, ``"cookies"``, ``"query_string"`` or ``"json"``; ``None`` where there is
        no token.
    """
    token: CurrentToken | None = getattr(g._get_current_object(), "_watchword", None)
    return None if token is None else token.location


def get_current_user() -> Any:
    """Return what the user lookup loader found for the current request's token.

    Returns:
        The user; ``None`` where the token is optional and absent.

    Raises:
        RuntimeError: outside a protected view, or without a user lookup loader.
    """
    user = _current().user
    if user is _NO_LOADER:
        raise RuntimeError(
            "You must provide a `@jwt.user_lookup_loader` callback to use this method"
        )
    return user


#: The current user, as a proxy.
current_user: Any = LocalProxy(get_current_user)


def current_user_context_processor() -> dict[str, Any]:
    """Give templates ``current_user``."""
    return {"current_user": get_current_user()}
