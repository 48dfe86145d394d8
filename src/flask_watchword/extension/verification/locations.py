"""Where in a request a token may stand: header, cookie, query string, JSON body."""

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

#: A token, and the CSRF value that its request has to prove itself with, if any.
Found = tuple[Any, str | None]
_FIELD_SEPARATOR = re.compile(r",\s*")


def from_headers(request: Request, config: Config, refresh: bool) -> Found:
    """Find the token in JWT_HEADER_NAME, which may hold several fields.

    Raises:
        NoAuthorizationError: when the header or the field of JWT_HEADER_TYPE is missing.
        InvalidHeaderError: when the field is not one word and one token.
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
        return _only_word(value, 1, f"Bad {name} header. Expected '{name}: <JWT>'"), None
    fields = [
        field
        for field in _FIELD_SEPARATOR.split(value)
        if field.strip() and _is_scheme(field.split()[0], kind)
    ]
    if len(fields) != 1:
        raise NoAuthorizationError(
            f"Missing '{kind}' type in '{name}' header. Expected '{name}: {kind} <JWT>'"
        )
    return _only_word(fields[0], 2, f"Bad {name} header. Expected '{name}: {kind} <JWT>'"), None


def _is_scheme(word: str, kind: str) -> bool:
    # RFC 9110 section 11.1: a scheme is compared without regard to case.
    return word == kind or word.lower() == kind.lower()


def _only_word(field: str, words: int, complaint: str) -> str:
    parts = field.split()
    if len(parts) != words:
        raise InvalidHeaderError(complaint)
    return parts[-1]


def from_cookies(request: Request, config: Config, refresh: bool) -> Found:
    """Find the token in its cookie, and the CSRF value beside it.

    Raises:
        NoAuthorizationError: when the cookie is missing.
        CookieSentTwice: when it came twice, under the strict profile.
        CSRFError: when the method needs a CSRF value and there is none.
    """
    kind = "REFRESH" if refresh else "ACCESS"
    name = config[f"JWT_{kind}_COOKIE_NAME"]
    sent = request.cookies.getlist(name)
    # Of two, one may have been put there by another host of the domain; their order says nothing
    # (RFC 6265 section 8.6). Flask-JWT-Extended takes the first.
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
    """Find the token in the query string.

    Raises:
        NoAuthorizationError: when the parameter is missing.
        InvalidQueryParamError: when its value lacks the prefix.
    """
    name, prefix = config["JWT_QUERY_STRING_NAME"], config["JWT_QUERY_STRING_VALUE_PREFIX"]
    try:
        value = request.args.get(name)
    except UnicodeDecodeError:  # bytes that are not UTF-8, from a server that lets them through
        value = None
    if not value:
        # Spelt as Flask-JWT-Extended spells it: applications compare texts.
        raise NoAuthorizationError(f"Missing '{name}' query paramater")
    if not value.startswith(prefix):
        raise InvalidQueryParamError(
            f"Invalid value for query parameter '{name}'. "
            f"Expected the value to start with '{prefix}'"
        )
    return value[len(prefix) :], None


def from_json(request: Request, config: Config, refresh: bool) -> Found:
    """Find the token in a JSON body.

    Raises:
        NoAuthorizationError: when the body is no JSON object or lacks the member.
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


FINDERS: dict[str, Callable[[Request, Config, bool], Found]] = {
    "headers": from_headers,
    "cookies": from_cookies,
    "query_string": from_query_string,
    "json": from_json,
}
