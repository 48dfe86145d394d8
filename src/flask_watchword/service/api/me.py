"""GET /me: who is logged in."""

from datetime import datetime

import msgspec
from flask import Response

from flask_watchword.extension.current import get_jwt_identity
from flask_watchword.service.answers import answer, moment
from flask_watchword.service.components import components
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.guards import ACCESS
from flask_watchword.service.tokens import user_gone


class Me(msgspec.Struct):
    """What somebody may know of their own account."""

    id: str
    email: str
    created_at: datetime


@endpoint(
    "GET",
    "/me",
    summary="Show who is logged in",
    guard=ACCESS,
    answers={200: Me},
    refusals={401: ("user_gone",)},
)
def me() -> Response:
    """Answer with the access token's user, as the store says now."""
    user = components().stores.users.by_id(get_jwt_identity())
    if user is None:
        return user_gone()
    return answer(Me(user.id, user.email, moment(user.created_at)))
