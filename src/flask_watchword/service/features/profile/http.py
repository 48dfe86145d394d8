"""GET /me: the current user."""

import msgspec
from flask import Response

from flask_watchword.service.access import ACCESS
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.current_user import current_user
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.error_codes import USER_DISABLED, USER_GONE
from flask_watchword.service.responses import Timestamp, json_response, timestamp


class Me(msgspec.Struct):
    """The logged-in user."""

    id: str
    email: str
    created_at: Timestamp
    email_verified: bool
    roles: list[str]
    scopes: list[str]


@endpoint(
    "GET",
    "/me",
    summary="Return the logged-in user",
    access=ACCESS,
    responses={200: Me},
    errors=(USER_GONE, USER_DISABLED),
)
def me(context: ServiceContext) -> Response:
    """Respond with the current user, as stored now."""
    user = current_user(context)
    return json_response(
        Me(
            id=user.id,
            email=user.email,
            created_at=timestamp(user.created_at),
            email_verified=user.email_verified_at is not None,
            roles=sorted(user.roles),
            scopes=sorted(user.scopes),
        )
    )
