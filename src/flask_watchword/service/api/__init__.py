"""The endpoints, and the table of their paths."""

from flask import Blueprint

from flask_watchword.service.api.expired import expired
from flask_watchword.service.api.health import healthz, readyz
from flask_watchword.service.api.login import login
from flask_watchword.service.api.protected_route import protected_route
from flask_watchword.service.api.refresh import refresh


def build_api(*, demo: bool) -> Blueprint:
    """Return the endpoints, with the tutorial's among them when ``demo`` is set."""
    api = Blueprint("watchword", __name__)
    api.post("/login")(login)
    api.post("/refresh")(refresh)
    api.get("/healthz")(healthz)
    api.get("/readyz")(readyz)
    if demo:
        api.get("/protected-route")(protected_route)
        api.post("/expired")(expired)
    return api
