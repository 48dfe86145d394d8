"""Flask-RESTful and Flask-RESTX: use the application's error handlers for rejected tokens.

Both route errors before Flask's error handling and turn exceptions that they do not know into a
500, except in testing and debug mode. Before that they send Flask's ``got_request_exception``
signal; if a receiver raises, they fall back on the application's handlers.

An ``Api`` with a handler for the exact class, or for ``Exception``, keeps handling it.
"""

from typing import Any

from flask import Flask, got_request_exception

from flask_watchword.errors import TokenRejected
from flask_watchword.extension.errors import JWTExtendedException
from flask_watchword.infra.errors import StoreUnavailable


def attach(app: Flask) -> None:
    """Use the application's handlers for tokens rejected in a REST framework's resources."""
    got_request_exception.connect(_fall_back_on_app, app)


def _fall_back_on_app(app: Flask, exception: BaseException, **_: Any) -> None:
    if not isinstance(exception, TokenRejected | JWTExtendedException | StoreUnavailable):
        return
    apis = _apis_of(app)
    if apis and not any(_has_handler(api, exception) for api in apis):
        raise exception


def _has_handler(api: Any, exception: BaseException) -> bool:
    # Flask-RESTful's errors= names classes. RESTX calls its handlers before it sends the signal,
    # but its default handler after that.
    if type(exception).__name__ in (getattr(api, "errors", None) or ()):
        return True
    # A default handler would not send the 503 with Retry-After.
    is_rejection = not isinstance(exception, StoreUnavailable)
    return is_rejection and getattr(api, "_default_error_handler", None) is not None


def _apis_of(app: Flask) -> list[Any]:
    """Return the ``Api`` objects that route errors before the application does."""
    apis = []
    router: Any = vars(app).get("handle_user_exception")
    while hasattr(router, "func") and hasattr(router, "args"):
        apis.append(getattr(router.func, "__self__", None))
        router = router.args[0] if router.args else None
    return apis
