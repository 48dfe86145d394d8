"""How a request shows who asks (OpenAPI 3.1.0 section 4.8.27)."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_watchword.service.cookies import ACCESS_COOKIE, CSRF_HEADER, REFRESH_COOKIE
from flask_watchword.service.origin_check import SAFE_METHODS

#: By the kind of token: the scheme of its header, and that of its cookie.
_HEADERS: Mapping[str, str] = {"access": "access_token", "refresh": "refresh_token"}
_COOKIES: Mapping[str, str] = {"access": "access_cookie", "refresh": "refresh_cookie"}
_CSRF = "csrf_token"


def security_schemes() -> dict[str, Any]:
    """Return every way in which a token travels, by name."""
    return {
        "access_token": _bearer("The access token of a pair, good for minutes."),
        "refresh_token": _bearer("The refresh token of a pair, good once."),
        "access_cookie": _key("cookie", ACCESS_COOKIE, "The access token, where it is a cookie's."),
        "refresh_cookie": _key("cookie", REFRESH_COOKIE, "The refresh token, likewise."),
        _CSRF: _key("header", CSRF_HEADER, "The `csrf_token` of the login, beside a cookie."),
    }


def security_of(tokens: Sequence[str], method: str) -> list[dict[str, list[str]]]:
    """Return what satisfies a guard under a method: any one of these.

    Args:
        tokens: the kinds of token that it takes; empty where it takes none. The last is the one
            that it takes as a cookie.
        method: the method.
    """
    if not tokens:
        return []
    cookie: dict[str, list[str]] = {_COOKIES[tokens[-1]]: []}
    together = cookie if method in SAFE_METHODS else {**cookie, _CSRF: []}
    headers: list[dict[str, list[str]]] = [{_HEADERS[kind]: []} for kind in tokens]
    return [*headers, together]


def _bearer(description: str) -> dict[str, str]:
    return {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": description,
    }


def _key(place: str, name: str, description: str) -> dict[str, str]:
    return {"type": "apiKey", "in": place, "name": name, "description": description}
