"""JSON bodies of error responses."""

from http import HTTPStatus

from flask import Flask, current_app
from flask.typing import ResponseReturnValue


def message(text: str, status: HTTPStatus) -> ResponseReturnValue:
    """Return a response with a text for people."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app.json.response({app.config["JWT_ERROR_MESSAGE_KEY"]: text}), status


def coded_message(text: str, code: str, status: HTTPStatus) -> ResponseReturnValue:
    """Return a response with a text for people and a code for programs."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app.json.response({app.config["JWT_ERROR_MESSAGE_KEY"]: text, "code": code}), status
