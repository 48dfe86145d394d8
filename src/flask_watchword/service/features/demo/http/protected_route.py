"""GET /protected-route: the protected view of the tutorial."""

import msgspec
from flask import Response

from flask_watchword.extension.verification.current import get_jwt, get_jwt_identity
from flask_watchword.service.access import ACCESS
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.demo.demo_user import EMAIL_CLAIM
from flask_watchword.service.responses import json_response


class LoggedIn(msgspec.Struct):
    """Who is logged in, in the tutorial's words."""

    logged_in_as: str


@endpoint(
    "GET",
    "/protected-route",
    summary="The demo's protected route",
    access=ACCESS,
    responses={200: LoggedIn},
)
def protected_route(_context: ServiceContext) -> Response:
    """Respond with the e-mail address of the current user."""
    # A token issued before the demo was enabled has only the subject.
    return json_response(LoggedIn(get_jwt().get(EMAIL_CLAIM, get_jwt_identity())))
