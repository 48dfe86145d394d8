"""GET and DELETE /admin/users/<id>/sessions: list and end the sessions of a user."""

from flask import Response

from flask_watchword.accounts.errors import USER_NOT_FOUND, Rejected
from flask_watchword.service.access import ADMIN, RECENT_ADMIN
from flask_watchword.service.administrator import administrator, user_of
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.sessions.http.sessions import (
    SESSION_NOT_FOUND,
    DeviceQuery,
    Devices,
    device_page,
)
from flask_watchword.service.responses import json_response, no_content


@endpoint(
    "GET",
    "/admin/users/<user_id>/sessions",
    summary="List a user's sessions, in pages",
    access=ADMIN,
    query=DeviceQuery,
    responses={200: Devices},
    errors=(USER_NOT_FOUND,),
)
def list_sessions_of_user(context: ServiceContext, user_id: str, query: DeviceQuery) -> Response:
    """Respond with a page of the sessions of a user."""
    return json_response(device_page(context, user_of(context, user_id).id, query))


@endpoint(
    "DELETE",
    "/admin/users/<user_id>/sessions",
    summary="End all sessions of a user",
    access=RECENT_ADMIN,
    responses={204: None},
    errors=(USER_NOT_FOUND,),
)
def end_all_sessions_of_user(context: ServiceContext, user_id: str) -> Response:
    """Respond 204; every token of the user is rejected from now on."""
    user = user_of(context, user_id)
    ended = context.sessions.end_all(user.id)
    context.audit("sessions_ended", user.id, actor=administrator(), ended=ended)
    return no_content()


@endpoint(
    "DELETE",
    "/admin/users/<user_id>/sessions/<session_id>",
    summary="End one session of a user",
    access=RECENT_ADMIN,
    responses={204: None},
    errors=(USER_NOT_FOUND, SESSION_NOT_FOUND),
)
def end_session_of_user(context: ServiceContext, user_id: str, session_id: str) -> Response:
    """Respond 204; every token of the session is rejected from now on."""
    user = user_of(context, user_id)
    if not context.sessions.end(session_id, subject=user.id):
        raise Rejected(SESSION_NOT_FOUND, "The user has no such session")
    context.audit("session_ended", user.id, actor=administrator(), ended=session_id)
    return no_content()
