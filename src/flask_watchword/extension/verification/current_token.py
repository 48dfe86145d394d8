"""The verified token of a request, stored on the request object.

Not on ``g``: an application context may outlive a request, serve several requests, or be a
different one in a thread, while the request object stays the same.
"""

from traceback import walk_tb
from typing import Any

import msgspec
from flask import Flask, Request, current_app, g, request

from flask_watchword.extension.checks.misplaced import misplaced_decorators
from flask_watchword.extension.verification import g_mirror
from flask_watchword.jose import Token, VerifiedToken

Claims = dict[str, Any]

_NO_TOKEN = "You must call `@jwt_required()` or `verify_jwt_in_request()` before using this method"
#: The value of ``CurrentToken.user`` without a user lookup loader.
NO_USER_LOOKUP = object()
#: The record of a request without a token.
ABSENT = VerifiedToken({}, {})
#: Whether the token also appears on ``g`` under Flask-JWT-Extended's private names, and is read
#: from there (drop-in).
mirror_on_g = False

#: The attribute of the request object with the tokens, by application: a view may push the context
#: of another application, which has other users.
_TOKENS = "_watchword_tokens"
#: A preflight request carries no credentials (Fetch standard, CORS-preflight fetch).
PREFLIGHT = "OPTIONS"


class CurrentToken(msgspec.Struct, eq=False):
    """The token of a request.

    Attributes:
        verified: the record shared by all requests with this token; :data:`ABSENT` without one.
        location: where the request carried it.
        user: the result of the user lookup loader; :data:`NO_USER_LOOKUP` without a loader.
    """

    verified: VerifiedToken
    location: str | None
    user: Any = NO_USER_LOOKUP
    _copy: Token | None = None

    @property
    def private_copy(self) -> Token:
        """Header and claims, which this request may modify; copied at the first access."""
        copy = self._copy
        if copy is None:
            copy = self._copy = self.verified.copy()
        return copy

    def claim(self, name: str) -> Any:
        """Return one claim, ``None`` if the token does not have it."""
        if self._copy is None:
            value = self.verified.claims.get(name)
            if not isinstance(value, (dict, list)):
                return value
        return self.private_copy.claims.get(name)


def set_current_token(current: Request, app: Flask, token: CurrentToken) -> None:
    """Store the token that an application has verified for a request."""
    members = current.__dict__
    if _TOKENS in members:
        members[_TOKENS][app] = token
    else:
        members[_TOKENS] = {app: token}
    if mirror_on_g:
        copy, loaded = token.private_copy, token.user is not NO_USER_LOOKUP
        user = {"loaded_user": token.user} if loaded else None
        g_mirror.write(current, app, copy.claims, copy.header, token.location, user)


def stored_token(current: Request, app: Flask) -> CurrentToken | None:
    """Return the token that is stored for a request, which may have ended; ``None`` without one."""
    tokens: dict[Flask, CurrentToken] = current.__dict__.get(_TOKENS, {})
    return tokens.get(app)


def set_rejected(current: Request, app: Flask) -> None:
    """Store that the token of a request was rejected.

    Error handlers and functions that run after the request then find no user. A token that was
    accepted earlier in the request stays.
    """
    current.__dict__.setdefault(_TOKENS, {}).setdefault(app, absent_token())


def absent_token() -> CurrentToken:
    """Return what is stored for a request without a token."""
    token = CurrentToken(ABSENT, None)
    token.user = None
    return token


def unverified_token(claims: Claims, header: Claims, location: str | None) -> CurrentToken:
    """Return a token from claims that the application or a test supplies as verified."""
    token = CurrentToken(ABSENT, location)
    token._copy = Token(header, claims)
    return token


def find_current_token(app: Flask | None = None) -> CurrentToken | None:
    """Return the token of the current request.

    Args:
        app: the current application, if the caller has it already.

    Returns:
        The token; one with :data:`ABSENT` if the request has none or cannot have one; ``None`` if
        no view or function has verified it yet, and outside of a request.
    """
    if app is None:
        app = current_app._get_current_object()  # type: ignore[attr-defined]
    try:
        current: Request = request._get_current_object()  # type: ignore[attr-defined]
    except RuntimeError:
        return None
    if mirror_on_g:
        mirrored = _token_on_g()
        if mirrored is not None:
            return mirrored
    try:
        token: CurrentToken = current.__dict__[_TOKENS][app]
    except KeyError:
        return absent_token() if _has_no_view(current) else None
    return token


def current_token(app: Flask | None = None) -> CurrentToken:
    """Return the token of the current request, as :func:`find_current_token` does.

    Raises:
        RuntimeError: in a view that is not protected, and outside of a request.
    """
    token = find_current_token(app)
    if token is None:
        raise RuntimeError(_NO_TOKEN + _advice())
    return token


def _has_no_view(current: Request) -> bool:
    """Return whether Flask answers a request without the view that would verify its token.

    A preflight request carries no credentials, so views let it through. An unknown path and a
    method that is not allowed have no view at all, but clients can cause both, and error pages and
    functions that run after the request are still called. A context that a test created without
    dispatching the request does not count.
    """
    if current.method == PREFLIGHT:
        return True
    error = current.routing_exception
    raising = Flask.raise_routing_exception.__code__
    return error is not None and any(
        frame.f_code is raising for frame, _ in walk_tb(error.__traceback__)
    )


def _token_on_g() -> CurrentToken | None:
    """Return the token from Flask-JWT-Extended's names on ``g``, which applications also write."""
    mirrored = g_mirror.read()
    if mirrored is None:
        return None
    claims, header, location, user = mirrored
    token = unverified_token(claims, header or {}, location)
    if user is not None:
        token.user = user["loaded_user"]
    return token


def _advice() -> str:
    """Return why a view has no token, if it is one of two common mistakes."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    for misplaced in misplaced_decorators(app):
        if request and misplaced.endpoint == request.endpoint:
            return f". {misplaced.fault}; {misplaced.remedy}"
    if "_jwt_extended_jwt" not in g:
        return ""
    return (
        "; g._jwt_extended_jwt is read by the drop-in alone: python -m flask_watchword.dropin, or "
        "replace flask_watchword.utils.get_jwt"
    )
