"""POST /expired: the response to an access token that has expired."""

from flask import Response

from flask_watchword.service.access import EXPIRED
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.error_codes import TOKEN_EXPIRED
from flask_watchword.service.tokens import UnusableToken


@endpoint(
    "POST",
    "/expired",
    summary="The demo's response to an expired access token",
    access=EXPIRED,
    responses={},
)
def expired(_context: ServiceContext) -> Response:
    """Respond 401: the token is genuine and has expired."""
    raise UnusableToken(TOKEN_EXPIRED, "The token has expired")
