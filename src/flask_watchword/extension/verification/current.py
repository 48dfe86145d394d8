"""How views read the token of the current request and its user."""

from collections.abc import Callable
from typing import Any

from flask import Flask, current_app
from werkzeug.local import LocalProxy

from flask_watchword.extension.verification.current_token import (
    NO_USER_LOOKUP,
    Claims,
    CurrentToken,
    current_token,
    find_current_token,
    unverified_token,
)

#: Where the identity and the user come from; tests replace it, see :func:`replace_claims`.
_read_token: Callable[..., CurrentToken] = current_token


def get_jwt() -> dict[str, Any]:
    """Return the claims of the current request's token.

    Returns:
        The claims; an empty dictionary if the request has no token.

    Raises:
        RuntimeError: in a view that is not protected, and outside of a request.
    """
    return current_token().private_copy.claims


def get_jwt_header() -> dict[str, Any]:
    """Return the header of the current request's token.

    Returns:
        The header; an empty dictionary if the request has no token.

    Raises:
        RuntimeError: in a view that is not protected, and outside of a request.
    """
    return current_token().private_copy.header


def get_jwt_identity() -> Any:
    """Return the identity of the current request's token.

    Returns:
        The claim named by JWT_IDENTITY_CLAIM; ``None`` if the request has no token.

    Raises:
        RuntimeError: in a view that is not protected, and outside of a request.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return _read_token(app).claim(app.config["JWT_IDENTITY_CLAIM"])


def get_jwt_request_location() -> str | None:
    """Return where the current request carried its token.

    Returns:
        ``"headers"``, ``"cookies"``, ``"query_string"`` or ``"json"``; ``None`` without a token.
    """
    token = find_current_token()
    return None if token is None else token.location


def get_current_user() -> Any:
    """Return the user that the user lookup loader returned for the current request's token.

    Returns:
        The user; ``None`` if the request has no token.

    Raises:
        RuntimeError: in a view that is not protected, outside of a request, and without a user
            lookup loader.
    """
    user = _read_token().user
    if user is NO_USER_LOOKUP:
        raise RuntimeError(
            "You must provide a `@jwt.user_lookup_loader` callback to use this method"
        )
    return user


#: What the proxy and templates use; tests replace it, see :func:`replace_user`.
_read_user = get_current_user

#: The current user, as a proxy.
current_user: Any = LocalProxy(lambda: _read_user())


def current_user_context_processor() -> dict[str, Any]:
    """Provide ``current_user`` to templates; ``None`` on pages without a user.

    These include error pages and the pages of views that are not protected.
    """
    has_none = find_current_token() is None and _read_user is get_current_user
    return {"current_user": None if has_none else _read_user()}


def replace_claims(function: Callable[[], Claims]) -> None:
    """Take identity and user from the claims that a function returns."""
    global _read_token
    if function is get_jwt:
        _read_token = current_token
    else:
        _read_token = lambda _app=None: unverified_token(function(), {}, None)  # noqa: E731


def replace_user(function: Callable[[], Any]) -> None:
    """Take the current user from what a function returns."""
    global _read_user
    _read_user = function
