"""Security schemes of the API (OpenAPI 3.1.0 section 4.8.27)."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_watchword.service.cookies import ACCESS_COOKIE, CSRF_HEADER, REFRESH_COOKIE
from flask_watchword.service.origin_check import SAFE_METHODS

#: Scheme names for tokens in headers and in cookies, by the kind of token.
_HEADERS: Mapping[str, str] = {"access": "access_token", "refresh": "refresh_token"}
_COOKIES: Mapping[str, str] = {"access": "access_cookie", "refresh": "refresh_cookie"}
_CSRF = "csrf_token"


def security_schemes() -> dict[str, Any]:
    """Return the security schemes by name: each token in a header or in a cookie."""
    return {
        "access_token": _bearer("The access token, valid for minutes."),
        "refresh_token": _bearer("The refresh token, single-use."),
        "access_cookie": _key("cookie", ACCESS_COOKIE, "The access token in a cookie."),
        "refresh_cookie": _key("cookie", REFRESH_COOKIE, "The refresh token in a cookie."),
        _CSRF: _key("header", CSRF_HEADER, "The login's `csrf_token`, required with a cookie."),
    }


def security_of(tokens: Sequence[str], method: str) -> list[dict[str, list[str]]]:
    """Return the alternative security requirements of an endpoint.

    Args:
        tokens: the accepted kinds of token; empty if none is needed. The last kind is also accepted
            in a cookie.
        method: the HTTP method.
    """
    if not tokens:
        return []
    cookie: dict[str, list[str]] = {_COOKIES[tokens[-1]]: []}
    with_csrf = cookie if method in SAFE_METHODS else {**cookie, _CSRF: []}
    headers: list[dict[str, list[str]]] = [{_HEADERS[kind]: []} for kind in tokens]
    return [*headers, with_csrf]


def _bearer(description: str) -> dict[str, str]:
    return {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": description,
    }


def _key(location: str, name: str, description: str) -> dict[str, str]:
    return {"type": "apiKey", "in": location, "name": name, "description": description}
