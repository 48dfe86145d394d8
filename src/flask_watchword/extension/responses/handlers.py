"""Error handlers: turn exceptions into responses with the application's callbacks."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, Response, current_app
from flask.typing import ResponseReturnValue

from flask_watchword.errors import ExpiredSignatureError, SpecificRejection, TokenRejected
from flask_watchword.extension.callbacks.call import call
from flask_watchword.extension.callbacks.defaults import (
    default_needs_fresh_token_callback,
    default_revoked_token_callback,
)
from flask_watchword.extension.callbacks.registered import Callbacks
from flask_watchword.extension.errors import (
    CookieSentTwice,
    CSRFError,
    FreshTokenRequired,
    InsufficientPrivilege,
    InsufficientScope,
    InvalidHeaderError,
    InvalidQueryParamError,
    JWTDecodeError,
    NoAuthorizationError,
    RevokedTokenError,
    SignInTooOld,
    UserClaimsVerificationError,
    UserLookupError,
    WrongTokenError,
)
from flask_watchword.extension.responses.messages import (
    coded_message,
    message,
    unavailable,
)
from flask_watchword.infra.errors import KeysUnavailable

#: Response headers that are kept when only the data of a response is returned.
_KEPT_HEADERS = ("WWW-Authenticate", "Retry-After")
#: Calls the callback for an error; returns anything that a view may return.
Responder = Callable[[Callbacks, Any], Any]


def _unauthorized(callbacks: Callbacks, error: Exception) -> Any:
    return call(callbacks._unauthorized_callback, str(error))


def _invalid(callbacks: Callbacks, error: Exception) -> Any:
    return call(callbacks._invalid_token_callback, str(error))


def _rejected(callbacks: Callbacks, error: TokenRejected) -> Any:
    if isinstance(error, ExpiredSignatureError):
        return call(callbacks._expired_token_callback, error.jwt_header, error.jwt_data)
    return _invalid(callbacks, error)


def _with_token(loader: str) -> Responder:
    def respond(callbacks: Callbacks, error: Any) -> Any:
        return call(getattr(callbacks, loader), error.jwt_header, error.jwt_data)

    return respond


def _revoked(callbacks: Callbacks, error: RevokedTokenError) -> Any:
    loader = callbacks._revoked_token_callback
    if error.code is not None and loader is default_revoked_token_callback:
        return coded_message(str(error), error.code, HTTPStatus.UNAUTHORIZED)
    return call(loader, error.jwt_header, error.jwt_data)


def _not_fresh(callbacks: Callbacks, error: FreshTokenRequired) -> Any:
    loader = callbacks._needs_fresh_token_callback
    if isinstance(error, SignInTooOld) and loader is default_needs_fresh_token_callback:
        return message(str(error), HTTPStatus.UNAUTHORIZED)
    return call(loader, error.jwt_header, error.jwt_data)


def _insufficient(_callbacks: Callbacks, error: InsufficientPrivilege) -> Any:
    return message(str(error), HTTPStatus.FORBIDDEN)


def _keys_unavailable(callbacks: Callbacks, error: KeysUnavailable) -> Response:
    text = "The keys of the token's issuer are not available; try again soon"
    return unavailable(text, "keys_unavailable", error.retry_after)


RESPONDERS: dict[type[Exception], Responder] = {
    NoAuthorizationError: _unauthorized,
    CSRFError: _unauthorized,
    CookieSentTwice: _invalid,
    InvalidHeaderError: _invalid,
    InvalidQueryParamError: _invalid,
    JWTDecodeError: _invalid,
    WrongTokenError: _invalid,
    # The two base classes of PyJWT's errors; see flask_watchword.errors.
    TokenRejected: _rejected,
    SpecificRejection: _rejected,
    FreshTokenRequired: _not_fresh,
    InsufficientPrivilege: _insufficient,
    RevokedTokenError: _revoked,
    UserClaimsVerificationError: _with_token("_token_verification_failed_callback"),
    UserLookupError: _with_token("_user_lookup_error_callback"),
    KeysUnavailable: _keys_unavailable,
}


def register(callbacks: Callbacks, target: Any) -> None:
    """Register a handler for each exception that rejects a request.

    Args:
        callbacks: the callbacks that respond.
        target: the application or a blueprint; or the ``Api`` of Flask-RESTX, which creates the
            response itself and therefore gets data.
    """
    finish = challenge if isinstance(target, Flask | Blueprint) else _as_data
    for error_class, responder in RESPONDERS.items():
        target.errorhandler(error_class)(_handler(callbacks, responder, finish))


def _handler(callbacks: Callbacks, responder: Responder, finish: Callable[..., Any]) -> Any:
    def handle(error: Exception) -> Any:
        return finish(responder(callbacks, error), error)

    return handle


def _as_data(value: Any, error: Exception) -> Any:
    first = value[0] if isinstance(value, tuple) else value
    if not isinstance(first, Response):
        return value
    response = challenge(value, error)
    kept = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return response.get_json(silent=True) or {}, response.status_code, kept


def challenge(value: ResponseReturnValue, error: Exception) -> Response:
    """Create a response, on a 401 with the header that tells how to authenticate.

    RFC 9110 section 11.6.1. A 403 for insufficient privileges has it too (RFC 6750 section 3.1).
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    response = app.make_response(value)
    rejects_token = response.status_code == 401 or (
        response.status_code == 403 and isinstance(error, InsufficientPrivilege)
    )
    if rejects_token and "WWW-Authenticate" not in response.headers:
        scheme = app.config["JWT_HEADER_TYPE"] or "Bearer"
        response.headers.add("WWW-Authenticate", f"{scheme} {challenge_error(error)}".rstrip())
    return response


def challenge_error(error: Exception) -> str:
    """Return the error part of a challenge; empty for a request without a token."""
    if isinstance(error, NoAuthorizationError):
        return ""
    if isinstance(error, InsufficientScope):
        return f'error="insufficient_scope", scope="{" ".join(error.needed)}"'
    if isinstance(error, InsufficientPrivilege):
        return 'error="insufficient_scope"'
    if isinstance(error, SignInTooOld):  # RFC 9470 section 3
        return f'error="insufficient_user_authentication", max_age="{error.max_age}"'
    if isinstance(error, FreshTokenRequired):
        return 'error="insufficient_user_authentication"'
    return 'error="invalid_token"'
