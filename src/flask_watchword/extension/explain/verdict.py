"""The response of an application to a request with a token."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app
from flask.ctx import RequestContext
from flask.typing import ResponseReturnValue

from flask_watchword.extension.options.values import environ_key, header_name


@dataclass(frozen=True, slots=True)
class Verdict:
    """The response to a request with a token.

    Attributes:
        accepted: whether the token is accepted.
        status: HTTP status; ``None`` when the view would run and decide it.
        code: error code; ``None`` when the response has none.
        msg: error message; ``None`` when the response has none.
    """

    accepted: bool
    status: int | None
    code: str | None = None
    msg: str | None = None


def request_with(app: Flask, token: str, path: str = "/", method: str = "GET") -> RequestContext:
    """Return a request context that has a token in the configured header."""
    kind = app.config["JWT_HEADER_TYPE"]
    # Set in the WSGI environment, as a server does, which passes on any bytes that it receives.
    header = {environ_key(header_name(app.config)): f"{kind} {token}".lstrip()}
    return app.test_request_context(path, method=method, environ_overrides=header)


def verdict_of(view: Callable[[], ResponseReturnValue]) -> Verdict:
    """Call a view with the application's error handlers, and return the verdict."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    try:
        response = app.make_response(view())
    except Exception as error:  # noqa: BLE001 - an error without a handler is raised again
        response = app.make_response(app.handle_user_exception(error))
    body = response.get_json(silent=True)
    members = body if isinstance(body, dict) else {}
    if response.status_code < 400:
        return Verdict(True, response.status_code)
    message = members.get(app.config["JWT_ERROR_MESSAGE_KEY"])
    return Verdict(False, response.status_code, members.get("code"), message)
