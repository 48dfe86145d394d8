"""POST /expired: what a client is told whose access token has only grown old."""

from flask import Response

from flask_watchword.service.access import EXPIRED
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.tokens import expired_token


@endpoint(
    "POST",
    "/expired",
    summary="The demo's response to an expired access token",
    guard=EXPIRED,
    answers={},
)
def expired() -> Response:
    """Answer 401 and say that the token, genuine as it is, has expired."""
    return expired_token()
