"""One application for each contestant: the same route, with different kinds of protection."""

from collections.abc import Callable
from typing import Any

from flask import Flask

from bench.client import PATH
from bench.extension import Extension
from bench.floor import FloorCheck
from bench.keys import Keys
from bench.tokens import IDENTITY

View = Callable[[], Any]
Claims = dict[str, Any]

REVOKED = frozenset({"7c9e6679-7425-40de-944b-e07fc1f90ae7"})
USERS = {IDENTITY: "Ada"}


def view() -> dict[str, str]:
    """Return the response of the tutorial's protected route."""
    return {"logged_in_as": IDENTITY}


def is_revoked(header: Claims, claims: Claims) -> bool:
    """Look a token up in a blocklist in memory."""
    return claims["jti"] in REVOKED


def load_user(header: Claims, claims: Claims) -> str | None:
    """Look a user up in a dictionary in memory."""
    return USERS.get(claims["sub"])


def bare() -> Flask:
    """Return an application with only the route."""
    return _app({}, view)


def bare_calling_the_loaders() -> Flask:
    """Return the bare application whose view calls both loaders, to measure their own cost."""
    header: Claims = {"alg": "HS256", "typ": "JWT"}
    claims: Claims = {"jti": "0b8f0a52-6f3c-4b43-8e5c-0d3d5d8c1f6a", "sub": IDENTITY}

    def calling() -> dict[str, str]:
        is_revoked(header, claims)
        load_user(header, claims)
        return {"logged_in_as": claims["sub"]}

    return _app({}, calling)


def unprotected(extension: Extension, keys: Keys) -> Flask:
    """Return an application with the extension, which the route does not use."""
    app = _app(keys.settings, view)
    extension.JWTManager(app)
    return app


def protected(extension: Extension, keys: Keys, locations: str | None = None) -> Flask:
    """Return an application whose route requires an access token, by default in the header."""
    app = _app(keys.settings, extension.jwt_required(locations=locations)(view))
    extension.JWTManager(app)
    return app


def protected_with_loaders(extension: Extension, keys: Keys) -> Flask:
    """Return the protected application with a blocklist and a user loader, both used."""

    def who() -> dict[str, str]:
        return {"logged_in_as": extension.get_jwt_identity()}

    app = _app(keys.settings, extension.jwt_required()(who))
    manager = extension.JWTManager(app)
    manager.token_in_blocklist_loader(is_revoked)
    manager.user_lookup_loader(load_user)
    return app


def protected_all_revoked(extension: Extension, keys: Keys) -> Flask:
    """Return the protected application with a blocklist that contains every token."""
    app = _app(keys.settings, extension.jwt_required()(view))
    extension.JWTManager(app).token_in_blocklist_loader(lambda header, claims: True)
    return app


def floor(keys: Keys) -> Flask:
    """Return an application whose route is protected by a hand-written check."""
    return _app({}, FloorCheck(keys).protect(view))


def _app(settings: dict[str, str], view_function: View) -> Flask:
    app = Flask("bench")
    # No SECRET_KEY: it would enable Flask's session, which costs more than a whole check.
    app.config.update(settings)
    app.add_url_rule(PATH, "protected_route", view_function)
    return app
