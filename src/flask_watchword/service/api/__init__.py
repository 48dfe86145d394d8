"""The endpoints, and the table of their paths."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from flask import Blueprint

from flask_watchword.service.api.expired import expired
from flask_watchword.service.api.health import healthz, readyz
from flask_watchword.service.api.jwks import jwks
from flask_watchword.service.api.login import login
from flask_watchword.service.api.logout import logout
from flask_watchword.service.api.me import me
from flask_watchword.service.api.protected_route import protected_route
from flask_watchword.service.api.refresh import refresh
from flask_watchword.service.api.sessions import end_other_sessions, end_session, list_sessions


class Endpoint(NamedTuple):
    """A method and a path, and the view that answers."""

    method: str
    path: str
    view: Callable[..., Any]


_ENDPOINTS = (
    Endpoint("POST", "/login", login),
    Endpoint("POST", "/refresh", refresh),
    Endpoint("POST", "/logout", logout),
    Endpoint("GET", "/me", me),
    Endpoint("GET", "/sessions", list_sessions),
    Endpoint("DELETE", "/sessions", end_other_sessions),
    Endpoint("DELETE", "/sessions/<session_id>", end_session),
    Endpoint("GET", "/.well-known/jwks.json", jwks),
    Endpoint("GET", "/healthz", healthz),
    Endpoint("GET", "/readyz", readyz),
)
_OF_THE_DEMO = (
    Endpoint("GET", "/protected-route", protected_route),
    Endpoint("POST", "/expired", expired),
)


def endpoints(*, demo: bool) -> Sequence[Endpoint]:
    """Return the endpoints, with the tutorial's among them when ``demo`` is set."""
    return _ENDPOINTS + _OF_THE_DEMO if demo else _ENDPOINTS


def build_api(served: Iterable[Endpoint]) -> Blueprint:
    """Return a blueprint of these endpoints."""
    api = Blueprint("watchword", __name__)
    for method, path, view in served:
        api.add_url_rule(path, view_func=view, methods=[method])
    return api
