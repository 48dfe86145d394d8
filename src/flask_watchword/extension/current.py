"""The token of the current request: where it is kept, and how views ask for it."""

from typing import Any

from flask import Flask, current_app, g
from werkzeug.local import LocalProxy

from flask_watchword.jose import Token, VerifiedToken

Claims = dict[str, Any]

NO_LOADER = object()
#: What stands for the token where it is optional and absent.
ABSENT = VerifiedToken({}, {})
#: Whether the token is also kept on ``g`` under Flask-JWT-Extended's private names, and read from
#: there (drop-in).
mirror_on_g = False


class CurrentToken:
    """What is known of the token that the current request came with.

    Attributes:
        verified: the shared record of the token; :data:`ABSENT` where there is none.
        location: where it was found.
        user: what the user lookup loader found; :data:`NO_LOADER` where there is none.
    """

    user: Any = NO_LOADER
    _own: Token | None = None

    def __init__(self, verified: VerifiedToken, location: str | None) -> None:
        self.verified = verified
        self.location = location

    @property
    def own(self) -> Token:
        """Header and claims, this request's own to change: copied when first asked for."""
        own = self._own
        if own is None:
            own = self._own = self.verified.copy()
        return own

    def claim(self, name: str) -> Any:
        """Return one claim, ``None`` where it is absent."""
        if self._own is None:
            value = self.verified.claims.get(name)
            if not isinstance(value, (dict, list)):
                return value
        return self.own.claims.get(name)


def keep(context: Any, token: CurrentToken) -> None:
    """Keep the token on ``g`` for the rest of the request."""
    context._watchword = token
    if mirror_on_g:
        context._jwt_extended_jwt = token.own.claims
        context._jwt_extended_jwt_header = token.own.header
        context._jwt_extended_jwt_location = token.location
        loaded = token.user is not NO_LOADER
        context._jwt_extended_jwt_user = {"loaded_user": token.user} if loaded else None


def _kept() -> CurrentToken | None:
    context = g._get_current_object()
    if mirror_on_g:
        return _read_back(context)
    token: CurrentToken | None = getattr(context, "_watchword", None)
    return token


def _read_back(context: Any) -> CurrentToken | None:
    """Read the token from Flask-JWT-Extended's names, which applications write to as well."""
    claims = context.get("_jwt_extended_jwt")
    if claims is None:
        return None
    token = CurrentToken(ABSENT, context.get("_jwt_extended_jwt_location"))
    token._own = Token(context.get("_jwt_extended_jwt_header") or {}, claims)
    user = context.get("_jwt_extended_jwt_user")
    if user is not None:
        token.user = user["loaded_user"]
    return token


def current_token() -> CurrentToken:
    """Return the token of the current request.

    Raises:
        RuntimeError: outside a protected view.
    """
    token = _kept()
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
    return current_token().own.claims


def get_jwt_header() -> dict[str, Any]:
    """Return the header of the current request's token.

    Returns:
        The header; an empty dictionary where the token is optional and absent.

    Raises:
        RuntimeError: outside a protected view.
    """
    return current_token().own.header


def get_jwt_identity() -> Any:
    """Return the identity of the current request's token.

    Returns:
        The claim that JWT_IDENTITY_CLAIM names; ``None`` where the token is optional and absent.

    Raises:
        RuntimeError: outside a protected view.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return current_token().claim(app.config["JWT_IDENTITY_CLAIM"])


def get_jwt_request_location() -> str | None:
    """Return where the current request's token was found.

    Returns:
        ``"headers"``, ``"cookies"``, ``"query_string"`` or ``"json"``; ``None`` where there is
        no token.
    """
    token = _kept()
    return None if token is None else token.location


def get_current_user() -> Any:
    """Return what the user lookup loader found for the current request's token.

    Returns:
        The user; ``None`` where the token is optional and absent.

    Raises:
        RuntimeError: outside a protected view, or without a user lookup loader.
    """
    user = current_token().user
    if user is NO_LOADER:
        raise RuntimeError(
            "You must provide a `@jwt.user_lookup_loader` callback to use this method"
        )
    return user


#: The current user, as a proxy.
current_user: Any = LocalProxy(get_current_user)


def current_user_context_processor() -> dict[str, Any]:
    """Give templates ``current_user``."""
    return {"current_user": get_current_user()}
