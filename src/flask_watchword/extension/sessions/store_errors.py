"""The response while the session store does not respond: 503 with ``Retry-After``."""

from flask import Flask, Response

from flask_watchword.extension.responses.messages import unavailable
from flask_watchword.infra.errors import StoreUnavailable


def register_store_errors(app: Flask) -> None:
    """Register the error handler, unless the application has one of its own."""
    if StoreUnavailable not in app.error_handler_spec[None][None]:
        app.register_error_handler(StoreUnavailable, _unavailable)


def _unavailable(error: StoreUnavailable) -> Response:
    text = "The session store does not answer; try again soon"
    return unavailable(text, "store_unavailable", error.retry_after)
