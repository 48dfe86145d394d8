"""POST /refresh: a refresh token for a new access token."""

from flask import Response, jsonify

from flask_watchword.extension.current import get_jwt_identity
from flask_watchword.extension.decorators import jwt_required
from flask_watchword.service.components import components
from flask_watchword.service.tokens import invalid_token, issue_access_token


@jwt_required(refresh=True)
def refresh() -> Response:
    """Answer with an access token for the refresh token's user, or with 401."""
    parts = components()
    # Read anew, so that an account that is gone gets nothing more.
    user = parts.users.by_id(get_jwt_identity())
    if user is None:
        return invalid_token("The user of this token no longer exists", "user_gone")
    answer = jsonify(
        # Not fresh: nobody has typed a password for this one.
        access_token=issue_access_token(user),
        token_type="Bearer",
        expires_in=parts.settings.access_token_seconds,
    )
    answer.headers["Cache-Control"] = "no-store"  # RFC 6749 section 5.1
    return answer
