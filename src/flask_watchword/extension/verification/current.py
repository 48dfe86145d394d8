"""The token of the current request: where it is kept, and how views ask for it.

It is kept on the request object and not on ``g``: an application context may outlive a request,
serve several of them or be another one in a thread, while a request is always the same object.
"""

from collections.abc import Callable
from traceback import walk_tb
from typing import Any

from flask import Flask, Request, current_app, g, request
from werkzeug.local import LocalProxy

from flask_watchword.extension.checks.misplaced import misplaced_decorators
from flask_watchword.extension.verification import g_mirror
from flask_watchword.jose import Token, VerifiedToken

Claims = dict[str, Any]

_NO_TOKEN = "You must call `@jwt_required()` or `verify_jwt_in_request()` before using this method"
NO_LOADER = object()
#: What stands for the token where there is none.
ABSENT = VerifiedToken({}, {})
#: Whether the token is also shown on ``g`` under Flask-JWT-Extended's private names, and read from
#: there (drop-in).
mirror_on_g = False

#: Where the request object holds the tokens that were verified, by application: a view may push
#: the context of another application, whose users are others.
_KEPT = "_watchword_tokens"
_PREFLIGHT = "OPTIONS"


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


def keep(current: Request, app: Flask, token: CurrentToken) -> None:
    """Keep the token of a request that an application has verified."""
    members = current.__dict__
    if _KEPT in members:
        members[_KEPT][app] = token
    else:
        members[_KEPT] = {app: token}
    if mirror_on_g:
        own, loaded = token.own, token.user is not NO_LOADER
        user = {"loaded_user": token.user} if loaded else None
        g_mirror.show(current, app, own.claims, own.header, token.location, user)


def keep_refused(current: Request, app: Flask) -> None:
    """Note that a request had no token that was accepted.

    Error handlers and functions that run after the request then find no user. A token that was
    accepted before stays.
    """
    current.__dict__.setdefault(_KEPT, {}).setdefault(app, absent_token())


def absent_token() -> CurrentToken:
    """Return what is kept where there is no token."""
    token = CurrentToken(ABSENT, None)
    token.user = None
    return token


def given_token(claims: Claims, header: Claims, location: str | None) -> CurrentToken:
    """Return a token that others have verified, or say that they have."""
    token = CurrentToken(ABSENT, location)
    token._own = Token(header, claims)
    return token


def kept_token(app: Flask | None = None) -> CurrentToken | None:
    """Return the token of the current request.

    Args:
        app: the current application, where the caller has it at hand.

    Returns:
        The token; :data:`ABSENT` in it where the request had none, or could not have one; ``None``
        where no view or function has verified it, and outside of a request.
    """
    if app is None:
        app = current_app._get_current_object()  # type: ignore[attr-defined]
    try:
        current: Request = request._get_current_object()  # type: ignore[attr-defined]
    except RuntimeError:
        return None
    if mirror_on_g:
        shown = _shown_on_g()
        if shown is not None:
            return shown
    try:
        token: CurrentToken = current.__dict__[_KEPT][app]
    except KeyError:
        return absent_token() if _has_no_view(current) else None
    return token


def _has_no_view(current: Request) -> bool:
    """Tell whether Flask answers a request without the view that would verify its token.

    A preflight request carries no credentials, so views let it through. An unknown path and a
    method that is not allowed have no view at all; error pages and functions that run after the
    request are called for them too, because a client chose so. A context that a test has made
    without dispatching the request is not one of these.
    """
    if current.method == _PREFLIGHT:
        return True
    error = current.routing_exception
    raising = Flask.raise_routing_exception.__code__
    return error is not None and any(
        frame.f_code is raising for frame, _ in walk_tb(error.__traceback__)
    )


def _shown_on_g() -> CurrentToken | None:
    """Read the token from Flask-JWT-Extended's names, which applications write to as well."""
    shown = g_mirror.shown()
    if shown is None:
        return None
    claims, header, location, user = shown
    token = given_token(claims, header or {}, location)
    if user is not None:
        token.user = user["loaded_user"]
    return token


def current_token(app: Flask | None = None) -> CurrentToken:
    """Return the token of the current request, as :func:`kept_token` does.

    Raises:
        RuntimeError: in a view that is not protected, and outside of a request.
    """
    token = kept_token(app)
    if token is None:
        raise RuntimeError(_NO_TOKEN + _advice())
    return token


def _advice() -> str:
    """Return why a view has no token, where that is one of two usual mistakes."""
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


#: Where the identity and the user are read from; tests replace it, see :func:`replace_claims`.
_read_token: Callable[..., CurrentToken] = current_token


def get_jwt() -> dict[str, Any]:
    """Return the claims of the current request's token.

    Returns:
        The claims; an empty dictionary where the request has none.

    Raises:
        RuntimeError: in a view that is not protected, and outside of a request.
    """
    return current_token().own.claims


def get_jwt_header() -> dict[str, Any]:
    """Return the header of the current request's token.

    Returns:
        The header; an empty dictionary where the request has none.

    Raises:
        RuntimeError: in a view that is not protected, and outside of a request.
    """
    return current_token().own.header


def get_jwt_identity() -> Any:
    """Return the identity of the current request's token.

    Returns:
        The claim that JWT_IDENTITY_CLAIM names; ``None`` where the request has no token.

    Raises:
        RuntimeError: in a view that is not protected, and outside of a request.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return _read_token(app).claim(app.config["JWT_IDENTITY_CLAIM"])


def get_jwt_request_location() -> str | None:
    """Return where the current request's token was found.

    Returns:
        ``"headers"``, ``"cookies"``, ``"query_string"`` or ``"json"``; ``None`` where there is
        no token.
    """
    token = kept_token()
    return None if token is None else token.location


def get_current_user() -> Any:
    """Return what the user lookup loader found for the current request's token.

    Returns:
        The user; ``None`` where the request has none.

    Raises:
        RuntimeError: in a view that is not protected, outside of a request, and without a user
            lookup loader.
    """
    user = _read_token().user
    if user is NO_LOADER:
        raise RuntimeError(
            "You must provide a `@jwt.user_lookup_loader` callback to use this method"
        )
    return user


#: What the proxy and templates get; tests replace it, see :func:`replace_user`.
_read_user = get_current_user

#: The current user, as a proxy.
current_user: Any = LocalProxy(lambda: _read_user())


def current_user_context_processor() -> dict[str, Any]:
    """Give templates ``current_user``: ``None`` on every page that has no user.

    Error pages and the pages of views that are not protected are among these.
    """
    has_none = kept_token() is None and _read_user is get_current_user
    return {"current_user": None if has_none else _read_user()}


def replace_claims(function: Callable[[], Claims]) -> None:
    """Have identity and user be those of claims that a function returns."""
    global _read_token
    own = function is get_jwt
    _read_token = current_token if own else lambda _app=None: given_token(function(), {}, None)


def replace_user(function: Callable[[], Any]) -> None:
    """Have the current user be what a function returns."""
    global _read_user
    _read_user = function
