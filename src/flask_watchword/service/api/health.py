"""GET /healthz and /readyz: whether this process lives, and whether it can serve."""

from flask import Response, jsonify

from flask_watchword.service.components import components


def healthz() -> Response:
    """Answer without touching a thing: nobody should restart this for a store that is down."""
    return jsonify(status="ok")


def readyz() -> Response:
    """Answer once every store has answered; 503 otherwise."""
    stores = components().stores
    stores.users.ping()
    stores.sessions.get("")  # a question like any other
    return jsonify(status="ok")
