"""Tokens in the cookies of a browser, where no script can read them.

The prefix ``__Host-`` binds a cookie to this host: browsers accept it over TLS only, and no other
host of the domain can set a cookie of this name (draft-ietf-httpbis-rfc6265bis section 4.1.3.2).
"""

from collections.abc import Mapping
from typing import Any

from flask import Response, request

from flask_watchword.extension.sessions.session_context import TokenPair
from flask_watchword.extension.tokens.cookies import (
    set_access_cookies,
    set_refresh_cookies,
    unset_jwt_cookies,
)
from flask_watchword.extension.verification.current import get_jwt_request_location

ACCESS_COOKIE = "__Host-access_token"
REFRESH_COOKIE = "__Host-refresh_token"
CSRF_COOKIE = "__Host-csrf_token"
CSRF_HEADER = "X-CSRF-TOKEN"

#: With Strict, a user who follows a link to a page of the application would arrive logged out. With
#: Lax, the cookies are also sent with that GET request, which changes nothing.
_SAME_SITE = "Lax"


def cookie_options() -> Mapping[str, Any]:
    """Return the options of an application that accepts tokens in the cookies of the service."""
    return {
        # A header is sent on purpose, so it takes precedence over cookies.
        "JWT_TOKEN_LOCATION": ["headers", "cookies"],
        "JWT_ACCESS_COOKIE_NAME": ACCESS_COOKIE,
        "JWT_ACCESS_COOKIE_PATH": "/",
        "JWT_ACCESS_CSRF_HEADER_NAME": CSRF_HEADER,
        "JWT_REFRESH_COOKIE_NAME": REFRESH_COOKIE,
        "JWT_REFRESH_COOKIE_PATH": "/",
        "JWT_REFRESH_CSRF_HEADER_NAME": CSRF_HEADER,
        "JWT_COOKIE_DOMAIN": None,
        "JWT_COOKIE_SECURE": True,
        "JWT_COOKIE_SAMESITE": _SAME_SITE,
        # Browsers do not send SameSite=Lax cookies from frames on pages of other sites, so there
        # is nothing to partition.
        "JWT_COOKIE_PARTITIONED": False,
        "JWT_COOKIE_CSRF_PROTECT": True,
        "JWT_CSRF_METHODS": ["POST", "PUT", "PATCH", "DELETE"],
        # Both tokens have the same value, so there is one cookie, which this module sets.
        "JWT_CSRF_IN_COOKIES": False,
    }


def set_cookies(response: Response, pair: TokenPair, csrf: str, seconds: int) -> None:
    """Set the cookies of a session: the tokens, and the CSRF value that pages send as a header.

    Args:
        response: the response to change.
        pair: the tokens.
        csrf: their claim ``csrf``.
        seconds: lifetime of the refresh token. The cookie of the access token has the same, so that
            a client which comes back gets ``token_expired`` and not ``missing_token``.
    """
    set_access_cookies(response, pair.access_token, seconds)
    set_refresh_cookies(response, pair.refresh_token, seconds)
    response.set_cookie(CSRF_COOKIE, csrf, max_age=seconds, secure=True, samesite=_SAME_SITE)


def clear_cookies(response: Response) -> Response:
    """Delete the cookies of a session, which no script can do; return the response."""
    unset_jwt_cookies(response)
    response.delete_cookie(CSRF_COOKIE, secure=True, samesite=_SAME_SITE)
    return response


def is_rejected_cookie() -> bool:
    """Tell whether the rejected token came in a cookie: a header takes precedence."""
    return "Authorization" not in request.headers


def clear_own_cookies(response: Response) -> Response:
    """Delete the cookies of the session that ends, if its token came in a cookie.

    Cookies of a request with a token in a header belong to another session.
    """
    return clear_cookies(response) if get_jwt_request_location() == "cookies" else response
