"""GET /protected-route: the tutorial's view behind an access token."""

from flask import Response, jsonify

from flask_watchword.extension.current import get_jwt, get_jwt_identity
from flask_watchword.extension.decorators import jwt_required
from flask_watchword.service.demo import EMAIL_CLAIM


@jwt_required()
def protected_route() -> Response:
    """Answer with the e-mail address of whoever is logged in."""
    # A token issued before the demo was switched on carries the subject alone.
    return jsonify(logged_in_as=get_jwt().get(EMAIL_CLAIM, get_jwt_identity()))
