"""GET /me: who is logged in."""

import msgspec
from flask import Response

from flask_watchword.service.answers import Moment, answer, moment
from flask_watchword.service.current_user import current_user
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.guards import ACCESS


class Me(msgspec.Struct):
    """What somebody may know of their own account."""

    id: str
    email: str
    created_at: Moment
    email_verified: bool
    roles: list[str]
    scopes: list[str]


@endpoint(
    "GET",
    "/me",
    summary="Show who is logged in",
    guard=ACCESS,
    answers={200: Me},
    refusals={401: ("user_gone", "user_disabled")},
)
def me() -> Response:
    """Answer with the access token's user, as the store says now."""
    user = current_user()
    return answer(
        Me(
            id=user.id,
            email=user.email,
            created_at=moment(user.created_at),
            email_verified=user.email_verified_at is not None,
            roles=sorted(user.roles),
            scopes=sorted(user.scopes),
        )
    )
