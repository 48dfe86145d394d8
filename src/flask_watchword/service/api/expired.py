"""POST /expired: what a client is told whose access token has only grown old."""

from flask import Response

from flask_watchword.extension.decorators import jwt_expired_token_required
from flask_watchword.service.tokens import expired_token


@jwt_expired_token_required()
def expired() -> Response:
    """Answer 401 and say that the token, genuine as it is, has expired."""
    return expired_token()
