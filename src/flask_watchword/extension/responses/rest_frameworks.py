"""Flask-RESTful and Flask-RESTX: a refusal that their ``Api`` has no answer for is ours to answer.

Both put a router of theirs before Flask's error handling and turn what they do not know into a
500 outside of testing and debug mode. Before they do, they announce the exception by Flask's
``got_request_exception``; when a receiver raises, they fall back on the application's handlers.

What an ``Api`` answers by a handler for the very class, or for ``Exception``, stays its own.
"""

from typing import Any

from flask import Flask, got_request_exception

from flask_watchword.errors import TokenRejected
from flask_watchword.extension.errors import JWTExtendedException
from flask_watchword.infra.errors import StoreUnavailable


def attach(app: Flask) -> None:
    """Have refusals inside a REST framework's resources answered by the application's handlers."""
    got_request_exception.connect(_fall_back_on_app, app)


def _fall_back_on_app(app: Flask, exception: BaseException, **_: Any) -> None:
    if not isinstance(exception, TokenRejected | JWTExtendedException | StoreUnavailable):
        return
    apis = _apis_before(app)
    if apis and not any(_answers_by_itself(api, exception) for api in apis):
        raise exception


def _answers_by_itself(api: Any, exception: BaseException) -> bool:
    # Flask-RESTful's errors= names classes. RESTX asks its own handlers before it announces
    # anything, but its default handler after that.
    if type(exception).__name__ in (getattr(api, "errors", None) or ()):
        return True
    # A default handler knows nothing of the 503 and of when to try again.
    is_refusal = not isinstance(exception, StoreUnavailable)
    return is_refusal and getattr(api, "_default_error_handler", None) is not None


def _apis_before(app: Flask) -> list[Any]:
    """List the ``Api`` objects that have put their router before the application's own."""
    apis = []
    router: Any = vars(app).get("handle_user_exception")
    while hasattr(router, "func") and hasattr(router, "args"):
        apis.append(getattr(router.func, "__self__", None))
        router = router.args[0] if router.args else None
    return apis
