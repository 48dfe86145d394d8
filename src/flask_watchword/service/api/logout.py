"""POST /logout: the end of a session."""

from flask import Response

from flask_watchword.extension.decorators import jwt_required
from flask_watchword.service.answers import nothing
from flask_watchword.service.components import components


@jwt_required(verify_type=False)
def logout() -> Response:
    """End the session of an access or a refresh token; every token of it is refused from now on.

    A refresh token does as well, because the access token of somebody who comes back after an
    hour has expired.
    """
    components().sessions.end()
    return nothing()
