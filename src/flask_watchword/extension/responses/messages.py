"""JSON bodies of error responses."""

from http import HTTPStatus

from flask import Flask, Response, current_app
from flask.typing import ResponseReturnValue


def message(text: str, status: HTTPStatus) -> ResponseReturnValue:
    """Return a response with a text for people."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app.json.response({app.config["JWT_ERROR_MESSAGE_KEY"]: text}), status


def unavailable(text: str, code: str, retry_after: int) -> Response:
    """Return 503 with ``Retry-After`` in seconds (RFC 9110 section 10.2.3)."""
    body = coded_message(text, code, HTTPStatus.SERVICE_UNAVAILABLE)
    response = current_app.make_response(body)
    response.headers["Retry-After"] = str(retry_after)
    return response


def coded_message(text: str, code: str, status: HTTPStatus) -> ResponseReturnValue:
    """Return a response with a text for people and a code for programs."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app.json.response({app.config["JWT_ERROR_MESSAGE_KEY"]: text, "code": code}), status
