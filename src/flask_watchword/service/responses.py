"""JSON responses, error handlers, and responses that can be cached."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, TypeAlias

import msgspec
from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException, default_exceptions
from werkzeug.wrappers import Response as AnyResponse

from flask_watchword.accounts.errors import ErrorCode, Rejected
from flask_watchword.infra.errors import StoreUnavailable

#: RFC 9110 section 11.6.1: a 401 response names the authentication scheme.
CHALLENGE = 'Bearer realm="watchword"'

# Werkzeug's descriptions are meant for people with a browser.
_MESSAGES: Mapping[int, str] = {
    404: "There is nothing at this path",
    405: "This path does not support this method",
    413: "The request is too large",
    500: "Something went wrong here; it has been logged",
}


# RFC 6749 section 5.1 for tokens; other responses have personal data.
_NO_STORE = {"Cache-Control": "no-store"}


#: A time in responses: RFC 3339, with a time zone.
Timestamp: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]


class Problem(msgspec.Struct, omit_defaults=True):
    """An error.

    Attributes:
        msg: a sentence for people, which may change.
        code: the error code, which is stable.
        field: the field or query parameter that is wrong.
        pending_token: to be sent to ``POST /login/password``, if the code is
            ``password_change_required``.
        error: the code, for OAuth clients (RFC 6749 section 5.2).
        error_description: the message, for OAuth clients.
    """

    msg: str
    code: str
    field: str | None = None
    pending_token: str | None = None
    error: str | None = None
    error_description: str | None = None


class Message(msgspec.Struct):
    """A message.

    Attributes:
        msg: a sentence for people, which may change.
    """

    msg: str


def json_response(
    body: msgspec.Struct | Mapping[str, object], status: int = HTTPStatus.OK
) -> Response:
    """Return a struct as a JSON response that is not cached."""
    text = msgspec.json.encode(body) + b"\n"
    return Response(text, status, mimetype="application/json", headers=_NO_STORE)


def no_content() -> Response:
    """Return a 204 response."""
    response = Response(status=HTTPStatus.NO_CONTENT, headers=_NO_STORE)
    del response.headers["Content-Type"]
    return response


def timestamp(seconds: float) -> datetime:
    """Return seconds since the epoch as a timestamp in UTC, to the second."""
    return datetime.fromtimestamp(int(seconds), UTC)


def optional_timestamp(seconds: float | None) -> datetime | None:
    """Return :func:`timestamp` of seconds since the epoch; ``None`` for ``None``."""
    return None if seconds is None else timestamp(seconds)


def public_response(body: bytes, media_type: str) -> Response:
    """Return a public body, or 304 if the client has it already (RFC 9110 section 13.1.2).

    Caches have to revalidate it each time, unless the caller sets another ``Cache-Control``.
    """
    response = Response(body, mimetype=media_type, headers={"Cache-Control": "no-cache"})
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    response.make_conditional(request)
    return response


def with_page_policy(response: Response) -> Response:
    """Add a policy by which a page loads files from its own origin only; return the response."""
    # CSP level 3 section 6.1.3: other directives fall back on ``default-src``.
    response.headers["Content-Security-Policy"] = (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return response


class OAuthRejected(Rejected):
    """A rejected request to an OAuth endpoint (RFC 6749 section 5.2)."""

    def __init__(self, error: ErrorCode, message: str) -> None:
        members = {"error": error.code, "error_description": message}
        super().__init__(error, message, members=members)


def error_response(
    status: int,
    msg: str,
    code: str,
    headers: Mapping[str, str] | None = None,
    field: str | None = None,
    members: Mapping[str, str] | None = None,
) -> Response:
    """Return a :class:`Problem`; the response of an error handler.

    Endpoints and service code raise :class:`Rejected` instead.

    Args:
        status: the HTTP status; 401 adds a challenge.
        msg: a sentence for people, which may change.
        code: the name for programs.
        headers: further headers, such as a more precise ``WWW-Authenticate``.
        field: the field that is wrong.
        members: further members of the JSON object.
    """
    body = msgspec.to_builtins(Problem(msg, code, field)) | (members or {})
    response = json_response(body, status)
    response.headers.extend(headers or {})
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers.setdefault("WWW-Authenticate", CHALLENGE)
    return response


def install_error_handlers(target: Flask | Blueprint) -> None:
    """Respond to every error with JSON, never with HTML or a traceback.

    Args:
        target: an application; or a blueprint, whose errors then do not reach the handlers of the
            application.
    """
    # Flask looks for a handler of the status on the application before it looks for one of the
    # class on the blueprint, so each status is registered as well.
    for status in default_exceptions:
        target.register_error_handler(status, _http_error)
    target.register_error_handler(HTTPException, _http_error)
    target.register_error_handler(StoreUnavailable, _store_unavailable)
    target.register_error_handler(Rejected, _rejected)
    target.register_error_handler(OAuthRejected, _oauth_rejected)
    target.register_error_handler(Exception, _unexpected)


def _unexpected(error: Exception) -> Response:
    # Bypasses the handlers of the application: Flask logs the error and responds with 500.
    raise error


def _http_error(error: HTTPException) -> AnyResponse:
    response = error.get_response()
    if response.status_code < HTTPStatus.BAD_REQUEST:
        return response  # a redirect
    status = HTTPStatus(response.status_code)
    # Other headers of the error stay, such as the allowed methods of a 405.
    headers = {name: text for name, text in response.headers if not name.startswith("Content-")}
    msg = _MESSAGES.get(status, status.phrase)
    return error_response(status, msg, status.name.lower(), headers)


def _store_unavailable(error: StoreUnavailable) -> Response:
    # RFC 9110 section 10.2.3.
    headers = {"Retry-After": str(error.retry_after)}
    msg = "A store does not answer; try again soon"
    return error_response(503, msg, "store_unavailable", headers)


def _rejected(error: Rejected) -> Response:
    # RFC 6585 section 4 and RFC 9110 section 10.2.3.
    retry = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return error_response(
        error.error.status, error.message, error.error.code, retry, error.field, error.members
    )


def _oauth_rejected(error: OAuthRejected) -> Response:
    response = _rejected(error)
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        # RFC 6749 section 5.2: the scheme that the client used is among the challenges.
        response.headers["WWW-Authenticate"] = f'{CHALLENGE}, Basic realm="watchword"'
    return response
