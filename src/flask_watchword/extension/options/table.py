"""The option table: the name, the default and the meaning of every option.

``docs/reference/options.md`` is generated from it.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_watchword.jose.jws import MAX_TOKEN_BYTES


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its name in ``app.config``, its default and what it means."""

    name: str
    default: Any
    meaning: str


OPTIONS: tuple[Option, ...] = (
    Option(
        "JWT_ACCESS_COOKIE_NAME", "access_token_cookie", "name of the cookie with the access token"
    ),
    Option("JWT_ACCESS_COOKIE_PATH", "/", "path of the cookie with the access token"),
    Option(
        "JWT_ACCESS_CSRF_COOKIE_NAME",
        "csrf_access_token",
        "name of the cookie with the CSRF value of the access token",
    ),
    Option("JWT_ACCESS_CSRF_COOKIE_PATH", "/", "path of that cookie"),
    Option(
        "JWT_ACCESS_CSRF_FIELD_NAME",
        "csrf_token",
        "form field for the CSRF value of the access token",
    ),
    Option(
        "JWT_ACCESS_CSRF_HEADER_NAME",
        "X-CSRF-TOKEN",
        "header for the CSRF value of the access token",
    ),
    Option(
        "JWT_ACCESS_TOKEN_EXPIRES",
        timedelta(minutes=15),
        "lifetime of an access token: a timedelta, seconds, or False for no expiry",
    ),
    Option("JWT_ALGORITHM", "HS256", "algorithm that signs new tokens"),
    Option(
        "JWT_COOKIE_CSRF_PROTECT",
        True,
        "whether tokens in cookies require a CSRF value (double submit)",
    ),
    Option("JWT_COOKIE_DOMAIN", None, "domain of the cookies"),
    Option("JWT_COOKIE_SAMESITE", None, "SameSite attribute of the cookies: None, Lax or Strict"),
    Option("JWT_COOKIE_SECURE", False, "whether cookies are only sent over https"),
    Option("JWT_CSRF_CHECK_FORM", False, "whether the CSRF value may be sent in a form field"),
    Option("JWT_CSRF_IN_COOKIES", True, "whether the CSRF value is also set as a cookie"),
    Option(
        "JWT_CSRF_METHODS",
        ["POST", "PUT", "PATCH", "DELETE"],
        "methods that require the CSRF value",
    ),
    Option("JWT_DECODE_ALGORITHMS", None, "accepted algorithms; None: only JWT_ALGORITHM"),
    Option(
        "JWT_DECODE_AUDIENCE",
        None,
        "accepted audience, or a list of them; None: aud is not checked",
    ),
    Option(
        "JWT_DECODE_ISSUER", None, "accepted issuer, or a list of them; None: iss is not checked"
    ),
    Option("JWT_DECODE_LEEWAY", 0, "seconds by which clocks may differ"),
    Option("JWT_ENCODE_AUDIENCE", None, "aud of new tokens"),
    Option("JWT_ENCODE_ISSUER", None, "iss of new tokens"),
    Option("JWT_ENCODE_NBF", True, "whether new tokens contain nbf"),
    Option("JWT_ERROR_MESSAGE_KEY", "msg", "member of error bodies that contains the text"),
    Option("JWT_HEADER_NAME", "Authorization", "header that contains the token"),
    Option(
        "JWT_HEADER_TYPE",
        "Bearer",
        "scheme before the token in that header, not case-sensitive; may be empty",
    ),
    Option("JWT_IDENTITY_CLAIM", "sub", "claim that contains the identity"),
    Option(
        "JWT_ISSUERS",
        None,
        "[other issuers](../extension/other-issuers.md) whose tokens are accepted",
    ),
    Option("JWT_JSON_KEY", "access_token", "member of a JSON body that contains an access token"),
    Option("JWT_PRIVATE_KEY", None, "key that signs, for asymmetric algorithms"),
    Option("JWT_PUBLIC_KEY", None, "key that verifies, for asymmetric algorithms"),
    Option(
        "JWT_PUBLIC_KEYS",
        None,
        "further public keys that verify, or JWK Sets; with a list, even an empty "
        "one, new tokens contain kid",
    ),
    Option("JWT_QUERY_STRING_NAME", "jwt", "query parameter that contains the token"),
    Option("JWT_QUERY_STRING_VALUE_PREFIX", "", "text before the token in that parameter"),
    Option(
        "JWT_REFRESH_COOKIE_NAME",
        "refresh_token_cookie",
        "name of the cookie with the refresh token",
    ),
    Option("JWT_REFRESH_COOKIE_PATH", "/", "path of the cookie with the refresh token"),
    Option(
        "JWT_REFRESH_CSRF_COOKIE_NAME",
        "csrf_refresh_token",
        "name of the cookie with the CSRF value of the refresh token",
    ),
    Option("JWT_REFRESH_CSRF_COOKIE_PATH", "/", "path of that cookie"),
    Option(
        "JWT_REFRESH_CSRF_FIELD_NAME",
        "csrf_token",
        "form field for the CSRF value of the refresh token",
    ),
    Option(
        "JWT_REFRESH_CSRF_HEADER_NAME",
        "X-CSRF-TOKEN",
        "header for the CSRF value of the refresh token",
    ),
    Option(
        "JWT_REFRESH_JSON_KEY",
        "refresh_token",
        "member of a JSON body that contains a refresh token",
    ),
    Option(
        "JWT_REFRESH_TOKEN_EXPIRES",
        timedelta(days=30),
        "lifetime of a refresh token: a timedelta, seconds, or False for no expiry",
    ),
    Option("JWT_SECRET_KEY", None, "secret of the HMAC algorithms; if not set, SECRET_KEY is used"),
    Option("JWT_SECRET_KEY_FALLBACKS", None, "previous secrets, whose tokens are still accepted"),
    Option("JWT_SESSION_COOKIE", True, "whether cookies are deleted when the browser is closed"),
    Option(
        "JWT_TOKEN_LOCATION",
        ("headers",),
        "where tokens are accepted, in this order: headers, cookies, json, query_string",
    ),
    Option("JWT_VERIFY_SUB", True, "whether sub must be a string"),
    Option(
        "JWT_COOKIE_PARTITIONED",
        False,
        "whether cookies are partitioned by top-level site (CHIPS), for pages in "
        "a frame of another site; they are then Secure, and require "
        'JWT_COOKIE_SAMESITE "None"',
    ),
    Option(
        "JWT_MAX_TOKEN_BYTES", MAX_TOKEN_BYTES, "maximum size of a token; larger ones are rejected"
    ),
    Option(
        "JWT_PROFILE",
        "compatible",
        "compatible, or strict (RFC 8725), which requires issuer and audience to be set",
    ),
)


def set_defaults(config: dict[str, Any]) -> None:
    """Set every option that the application has not set."""
    for option in OPTIONS:
        value = option.default
        config.setdefault(option.name, list(value) if isinstance(value, list) else value)
