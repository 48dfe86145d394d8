"""GET /healthz and /readyz: whether this process lives, and whether it can serve."""

import msgspec
from flask import Response

from flask_watchword.service.answers import answer
from flask_watchword.service.components import components
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.guards import PUBLIC


class Health(msgspec.Struct):
    """That all is well."""

    status: str


@endpoint(
    "GET",
    "/healthz",
    summary="Tell whether this process lives",
    guard=PUBLIC,
    answers={200: Health},
    needs_stores=False,
)
def healthz() -> Response:
    """Answer without touching a thing: nobody should restart this for a store that is down."""
    return answer(Health("ok"))


@endpoint(
    "GET",
    "/readyz",
    summary="Tell whether this process can serve",
    guard=PUBLIC,
    answers={200: Health},
)
def readyz() -> Response:
    """Answer once every store has answered; 503 otherwise."""
    stores = components().stores
    stores.users.ping()
    stores.sessions.get("")  # a question like any other
    return answer(Health("ok"))
