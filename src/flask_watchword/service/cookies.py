"""Tokens in the cookies of a browser, where no script can read them.

``__Host-`` binds each to this very host: browsers take it over TLS alone, and no other host of the
domain can set one of its name (draft-ietf-httpbis-rfc6265bis section 4.1.3.2).
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

#: Strict would have who follows a link to a page of the application arrive there logged out. What
#: Lax sends more is that one GET, which changes nothing.
_SAME_SITE = "Lax"


def cookie_options() -> Mapping[str, Any]:
    """Return the options of an application that takes tokens from cookies of this service's."""
    return {
        # Who goes to the length of a header means it: whatever cookies come along are ignored.
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
        # One value for both tokens, so one cookie, which is set here.
        "JWT_CSRF_IN_COOKIES": False,
    }


def set_cookies(response: Response, pair: TokenPair, csrf: str, seconds: int) -> None:
    """Put the tokens of a session into cookies, and beside them what a page has to show.

    Args:
        response: the response to change.
        pair: the tokens.
        csrf: what they carry as ``csrf``.
        seconds: that the refresh token lives. The access token's cookie lives as long, so that who
            comes back is told that it has expired, and not that there is none.
    """
    set_access_cookies(response, pair.access_token, seconds)
    set_refresh_cookies(response, pair.refresh_token, seconds)
    response.set_cookie(CSRF_COOKIE, csrf, max_age=seconds, secure=True, samesite=_SAME_SITE)


def clear_cookies(response: Response) -> Response:
    """Delete the cookies of a session, which no script of the page can do; return the response."""
    unset_jwt_cookies(response)
    response.delete_cookie(CSRF_COOKIE, secure=True, samesite=_SAME_SITE)
    return response


def is_refused_cookie() -> bool:
    """Tell whether the token that was refused came in a cookie: a header takes precedence."""
    return "Authorization" not in request.headers


def clear_own_cookies(response: Response) -> Response:
    """Delete the cookies of the session that ends here, if it is one in cookies.

    Those that came along with a token in a header are another session's.
    """
    return clear_cookies(response) if get_jwt_request_location() == "cookies" else response
