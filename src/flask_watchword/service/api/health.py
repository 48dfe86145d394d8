"""GET /healthz and /readyz: whether this process lives, and whether it can serve."""

from flask import Response, jsonify

from flask_watchword.service.components import components


def healthz() -> Response:
    """Answer without touching a thing: nobody should restart this for a store that is down."""
    return jsonify(status="ok")


def readyz() -> Response:
    """Answer once the user store has answered; 503 otherwise."""
    components().users.ping()
    return jsonify(status="ok")
