"""The response while the session store does not respond: 503 with ``Retry-After``."""

from http import HTTPStatus

from flask import Flask, Response, current_app

from flask_watchword.extension.responses.messages import coded_message
from flask_watchword.infra.errors import StoreUnavailable


def register_store_errors(app: Flask) -> None:
    """Register the error handler, unless the application has one of its own."""
    if StoreUnavailable not in app.error_handler_spec[None][None]:
        app.register_error_handler(StoreUnavailable, _unavailable)


def _unavailable(error: StoreUnavailable) -> Response:
    text = "The session store does not answer; try again soon"
    answer = coded_message(text, "store_unavailable", HTTPStatus.SERVICE_UNAVAILABLE)
    response = current_app.make_response(answer)
    # RFC 9110 section 10.2.3.
    response.headers["Retry-After"] = str(error.retry_after)
    return response
