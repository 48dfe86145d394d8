"""GET and DELETE /sessions: list and end the sessions of the current user."""

from typing import Annotated, Self

import msgspec
from flask import Response

from flask_watchword.accounts.errors import ErrorCode, Rejected
from flask_watchword.extension.verification.current import get_jwt, get_jwt_identity
from flask_watchword.service.access import ACCESS
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.cookies import clear_own_cookies
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.responses import (
    Timestamp,
    json_response,
    no_content,
    timestamp,
)
from flask_watchword.sessions.listed import ListedSession, last_seen_first

SESSION_NOT_FOUND = ErrorCode("session_not_found", 404, "The user has no session with this id.")


class OtherDevice(msgspec.Struct):
    """A second device that uses the session's refresh tokens.

    Attributes:
        at: when it was last seen, rounded like `last_seen_at`.
        address: its IP address.
        agent: its User-Agent header.
    """

    at: Timestamp
    address: str
    agent: str


class Device(msgspec.Struct):
    """A session.

    Attributes:
        id: its id, to end it.
        created_at: when the user logged in.
        last_seen_at: when it was last refreshed, to the hour; a refresh shows a minute later at
            the earliest, so that a thief of a token does not see when its owner refreshes.
        expires_at: when it expires unless it is refreshed, counted from `last_seen_at`.
        address: the IP address of the login.
        agent: the User-Agent header of the login.
        current: whether it is the session of this request.
        elsewhere: a second device that uses it, from another network or user agent; null: none.
    """

    id: str
    created_at: Timestamp
    last_seen_at: Timestamp
    expires_at: Timestamp
    address: str
    agent: str
    current: bool
    elsewhere: OtherDevice | None

    @classmethod
    def of(cls, session: ListedSession, current_id: object) -> Self:
        """Return the response for a session."""
        return cls(
            id=session.id,
            created_at=timestamp(session.started_at),
            last_seen_at=timestamp(session.last_seen_at),
            expires_at=timestamp(session.expires_at),
            address=session.address,
            agent=session.agent,
            current=session.id == current_id,
            elsewhere=_elsewhere(session),
        )


def _elsewhere(session: ListedSession) -> OtherDevice | None:
    if session.elsewhere_at is None:
        return None
    at = timestamp(session.elsewhere_at)
    return OtherDevice(at, session.elsewhere_address, session.elsewhere_agent)


class DeviceQuery(msgspec.Struct, forbid_unknown_fields=True):
    """A page of sessions.

    Attributes:
        after: the `next` of the previous page.
        limit: maximum number of results.
    """

    after: Annotated[str, msgspec.Meta(max_length=255)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100


class Devices(msgspec.Struct):
    """A page of the sessions of a user, the last used first.

    The pages are in the order of the logins, the newest first.

    Attributes:
        sessions: the sessions.
        next: the `after` of the next page; null on the last page.
    """

    sessions: list[Device]
    next: str | None


def device_page(context: ServiceContext, user_id: str, query: DeviceQuery) -> Devices:
    """Return a page of the sessions of a user."""
    # One more than the page holds shows whether there is a next page.
    found = context.sessions.page(user_id, after=query.after or None, limit=query.limit + 1)
    shown, more = found[: query.limit], len(found) > query.limit
    current_id = get_jwt().get("sid")
    return Devices(
        [Device.of(session, current_id) for session in last_seen_first(shown)],
        shown[-1].id if more else None,
    )


@endpoint(
    "GET",
    "/sessions",
    summary="List the user's sessions, in pages",
    access=ACCESS,
    query=DeviceQuery,
    responses={200: Devices},
)
def list_sessions(context: ServiceContext, query: DeviceQuery) -> Response:
    """Respond with a page of the sessions of the current user."""
    return json_response(device_page(context, get_jwt_identity(), query))


@endpoint(
    "DELETE",
    "/sessions/<session_id>",
    summary="End one of the user's sessions",
    access=ACCESS,
    responses={204: None},
    errors=(SESSION_NOT_FOUND,),
)
def end_session(context: ServiceContext, session_id: str) -> Response:
    """Respond 204; the session has ended, which may be the current one."""
    # The session of another user gets the same response as one that does not exist.
    subject = get_jwt_identity()
    if not context.sessions.end(session_id, subject=subject):
        raise Rejected(SESSION_NOT_FOUND, "You have no such session")
    context.audit("session_ended", subject, ended=session_id)
    return clear_own_cookies(no_content()) if session_id == get_jwt().get("sid") else no_content()


@endpoint(
    "DELETE",
    "/sessions",
    summary="End all of the user's sessions except this one",
    access=ACCESS,
    responses={204: None},
)
def end_other_sessions(context: ServiceContext) -> Response:
    """Respond 204; every session of the current user but this one has ended."""
    ended = context.sessions.end_all(keep_current=True)
    context.audit("other_sessions_ended", get_jwt_identity(), ended=ended)
    return no_content()
