"""Answers that are not successes: JSON with a message for people and a code for programs."""

from collections.abc import Mapping
from http import HTTPStatus

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from flask_watchword.accounts.passwords import HashingBusy
from flask_watchword.stores.errors import StoreUnavailable

#: RFC 9110 section 11.6.1: a 401 names the scheme by which one may authenticate.
CHALLENGE = 'Bearer realm="watchword"'

# Werkzeug's own descriptions speak of URLs typed by hand and of servers in trouble.
_MESSAGES: Mapping[int, str] = {
    404: "There is nothing at this path",
    405: "This path does not answer to this method",
    413: "The request is too large",
    500: "Something went wrong here; it has been logged",
}


def refusal(status: int, msg: str, code: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return ``{"msg": …, "code": …}`` under a status; a 401 carries a challenge.

    Args:
        status: the HTTP status.
        msg: a sentence for people; it may change.
        code: a name for programs; it is contract.
        headers: further headers, a more precise ``WWW-Authenticate`` among them.
    """
    answer = jsonify(msg=msg, code=code)
    answer.status_code = status
    answer.headers.extend(headers or {})
    if status == HTTPStatus.UNAUTHORIZED:
        answer.headers.setdefault("WWW-Authenticate", CHALLENGE)
    return answer


def install_refusals(app: Flask) -> None:
    """Let every error of the application end in JSON, never in HTML, never in a trace."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(StoreUnavailable, _store_unavailable)
    app.register_error_handler(HashingBusy, _hashing_busy)


def _http_error(error: HTTPException) -> AnyResponse:
    answer = error.get_response()
    if answer.status_code < HTTPStatus.BAD_REQUEST:
        return answer  # a redirect
    status = HTTPStatus(answer.status_code)
    # What the error says beside its text stays: the allowed methods of a 405, for one.
    kept = {name: text for name, text in answer.headers if not name.startswith("Content-")}
    msg = _MESSAGES.get(status, status.phrase)
    return refusal(status, msg, status.name.lower(), kept)


def _store_unavailable(error: StoreUnavailable) -> Response:
    return _later(error.retry_after, "The user store does not answer", "store_unavailable")


def _hashing_busy(error: HashingBusy) -> Response:
    return _later(error.retry_after, "Too many people are logging in", "login_busy")


def _later(seconds: int, msg: str, code: str) -> Response:
    # RFC 9110 section 10.2.3.
    return refusal(503, f"{msg}; try again soon", code, {"Retry-After": str(seconds)})
