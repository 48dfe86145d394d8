"""GET and DELETE /admin/users/<id>/sessions: where a user is logged in, and logging them out."""

from flask import Response

from flask_watchword.clock import system_clock
from flask_watchword.extension.verification.current import get_jwt
from flask_watchword.service.access import ADMIN, RECENT_ADMIN
from flask_watchword.service.administrator import administrator, user_of
from flask_watchword.service.context import service_context
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.sessions.http.sessions import Device, Devices
from flask_watchword.service.responses import error_response, json_response, no_content


@endpoint(
    "GET",
    "/admin/users/<user_id>/sessions",
    summary="List where a user is logged in",
    guard=ADMIN,
    answers={200: Devices},
    refusals={404: ("user_not_found",)},
)
def list_sessions_of_user(user_id: str) -> Response:
    """Answer with the sessions of a user."""
    user, current_id = user_of(user_id), get_jwt().get("sid")
    found = service_context().sessions.list(user.id)
    return json_response(Devices([Device.of(session, current_id) for session in found]))


@endpoint(
    "DELETE",
    "/admin/users/<user_id>/sessions",
    summary="End every session of a user",
    guard=RECENT_ADMIN,
    answers={204: None},
    refusals={404: ("user_not_found",)},
)
def end_all_sessions_of_user(user_id: str) -> Response:
    """Answer 204; every token of the user is refused from now on."""
    user = user_of(user_id)
    ended = service_context().sessions.end_all(user.id)
    _record("sessions_ended", user.id, ended=ended)
    return no_content()


@endpoint(
    "DELETE",
    "/admin/users/<user_id>/sessions/<session_id>",
    summary="End one session of a user",
    guard=RECENT_ADMIN,
    answers={204: None},
    refusals={404: ("user_not_found", "session_not_found")},
)
def end_session_of_user(user_id: str, session_id: str) -> Response:
    """Answer 204; every token of the session is refused from now on."""
    user = user_of(user_id)
    if not service_context().sessions.end(session_id, subject=user.id):
        return error_response(404, "The user has no such session", "session_not_found")
    _record("session_ended", user.id, ended=session_id)
    return no_content()


def _record(name: str, user_id: str, *, ended: int | str) -> None:
    log = service_context().stores.accounts.stores.audit
    log.append([administrator().event(name, system_clock(), user_id, ended=ended)])
