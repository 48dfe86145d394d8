"""GET /protected-route: the tutorial's view behind an access token."""

import msgspec
from flask import Response

from flask_watchword.extension.current import get_jwt, get_jwt_identity
from flask_watchword.service.answers import answer
from flask_watchword.service.demo import EMAIL_CLAIM
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.guards import ACCESS


class LoggedIn(msgspec.Struct):
    """Who is logged in, in the tutorial's words."""

    logged_in_as: str


@endpoint(
    "GET",
    "/protected-route",
    summary="The tutorial's view behind an access token",
    guard=ACCESS,
    answers={200: LoggedIn},
)
def protected_route() -> Response:
    """Answer with the e-mail address of whoever is logged in."""
    # A token issued before the demo was switched on carries the subject alone.
    return answer(LoggedIn(get_jwt().get(EMAIL_CLAIM, get_jwt_identity())))
