"""Read the token from a request: header, cookie, query string or JSON body."""

import re
from collections.abc import Callable
from typing import Any

from flask import Request
from werkzeug.exceptions import BadRequest

from flask_watchword.extension.errors import (
    CookieSentTwice,
    CSRFError,
    InvalidHeaderError,
    InvalidQueryParamError,
    NoAuthorizationError,
)
from flask_watchword.extension.options.values import Config, environ_key, header_name, profile

#: A token, and the CSRF value that has to match it; ``None`` where none is required.
Found = tuple[Any, str | None]
_FIELD_SEPARATOR = re.compile(r",\s*")


def from_headers(request: Request, config: Config, refresh: bool) -> Found:
    """Read the token from JWT_HEADER_NAME, which may hold several comma-separated fields.

    Raises:
        NoAuthorizationError: when the header or the field with JWT_HEADER_TYPE is missing.
        InvalidHeaderError: when the field is not the scheme and one token.
    """
    name, kind = header_name(config), config["JWT_HEADER_TYPE"]
    value = request.environ.get(environ_key(name), "")
    parts = value.split()
    if len(parts) == 2 and _is_scheme(parts[0], kind) and "," not in value:
        return parts[1], None
    value = value.strip().strip(",")
    if not value:
        raise NoAuthorizationError(f"Missing {name} Header")
    if not kind:
        return _last_word(value, 1, f"Bad {name} header. Expected '{name}: <JWT>'"), None
    fields = [
        field
        for field in _FIELD_SEPARATOR.split(value)
        if field.strip() and _is_scheme(field.split()[0], kind)
    ]
    if len(fields) != 1:
        raise NoAuthorizationError(
            f"Missing '{kind}' type in '{name}' header. Expected '{name}: {kind} <JWT>'"
        )
    return _last_word(fields[0], 2, f"Bad {name} header. Expected '{name}: {kind} <JWT>'"), None


def _is_scheme(word: str, kind: str) -> bool:
    # RFC 9110 section 11.1: schemes are case-insensitive.
    return word == kind or word.lower() == kind.lower()


def _last_word(field: str, words: int, message: str) -> str:
    parts = field.split()
    if len(parts) != words:
        raise InvalidHeaderError(message)
    return parts[-1]


def from_cookies(request: Request, config: Config, refresh: bool) -> Found:
    """Read the token from its cookie, and the CSRF value from a header or form field.

    Raises:
        NoAuthorizationError: when the cookie is missing.
        CookieSentTwice: when the request has two of them, under the strict profile.
        CSRFError: when the method requires a CSRF value and the request has none.
    """
    kind = "REFRESH" if refresh else "ACCESS"
    name = config[f"JWT_{kind}_COOKIE_NAME"]
    sent = request.cookies.getlist(name)
    # One of two may have been set by another host of the domain, and their order does not show
    # which (RFC 6265 section 8.6). Flask-JWT-Extended takes the first.
    if len(sent) > 1 and profile(config) == "strict":
        raise CookieSentTwice(f'The cookie "{name}" was sent twice')
    token = sent[0] if sent else None
    if not token:
        raise NoAuthorizationError(f'Missing cookie "{name}"')
    if not config["JWT_COOKIE_CSRF_PROTECT"] or request.method not in config["JWT_CSRF_METHODS"]:
        return token, None
    csrf = request.headers.get(config[f"JWT_{kind}_CSRF_HEADER_NAME"])
    if not csrf and config["JWT_CSRF_CHECK_FORM"]:
        csrf = request.form.get(config[f"JWT_{kind}_CSRF_FIELD_NAME"])
    if not csrf:
        raise CSRFError("Missing CSRF token")
    return token, csrf


def from_query_string(request: Request, config: Config, refresh: bool) -> Found:
    """Read the token from the query string.

    Raises:
        NoAuthorizationError: when the parameter is missing.
        InvalidQueryParamError: when its value lacks the prefix.
    """
    name, prefix = config["JWT_QUERY_STRING_NAME"], config["JWT_QUERY_STRING_VALUE_PREFIX"]
    try:
        value = request.args.get(name)
    except UnicodeDecodeError:  # bytes that are not UTF-8, which some servers pass on
        value = None
    if not value:
        # The spelling is Flask-JWT-Extended's: applications compare the text.
        raise NoAuthorizationError(f"Missing '{name}' query paramater")
    if not value.startswith(prefix):
        raise InvalidQueryParamError(
            f"Invalid value for query parameter '{name}'. "
            f"Expected the value to start with '{prefix}'"
        )
    return value[len(prefix) :], None


def from_json(request: Request, config: Config, refresh: bool) -> Found:
    """Read the token from a JSON body.

    Raises:
        NoAuthorizationError: when the body is not a JSON object or does not have the member.
    """
    if not request.is_json:
        raise NoAuthorizationError("Invalid content-type. Must be application/json.")
    name = config["JWT_REFRESH_JSON_KEY" if refresh else "JWT_JSON_KEY"]
    try:
        body = request.get_json()
    except (BadRequest, RecursionError):
        body = None
    token = body.get(name) if isinstance(body, dict) else None
    if not token:
        raise NoAuthorizationError(f'Missing "{name}" key in json data.')
    return token, None


#: A reader for each location.
READERS: dict[str, Callable[[Request, Config, bool], Found]] = {
    "headers": from_headers,
    "cookies": from_cookies,
    "query_string": from_query_string,
    "json": from_json,
}
