"""The option table: the name, the default and the meaning of every option.

It also makes ``docs/options.md``.
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
    Option("JWT_ACCESS_COOKIE_NAME", "access_token_cookie", "cookie of the access token"),
    Option("JWT_ACCESS_COOKIE_PATH", "/", "path of that cookie"),
    Option("JWT_ACCESS_CSRF_COOKIE_NAME", "csrf_access_token", "cookie of its CSRF value"),
    Option("JWT_ACCESS_CSRF_COOKIE_PATH", "/", "path of that cookie"),
    Option("JWT_ACCESS_CSRF_FIELD_NAME", "csrf_token", "form field of the CSRF value"),
    Option("JWT_ACCESS_CSRF_HEADER_NAME", "X-CSRF-TOKEN", "header of the CSRF value"),
    Option(
        "JWT_ACCESS_TOKEN_EXPIRES",
        timedelta(minutes=15),
        "life of an access token: a timedelta, seconds, or False for no end",
    ),
    Option("JWT_ALGORITHM", "HS256", "algorithm that signs"),
    Option("JWT_COOKIE_CSRF_PROTECT", True, "whether cookies need the double submit value"),
    Option("JWT_COOKIE_DOMAIN", None, "domain of the cookies"),
    Option("JWT_COOKIE_SAMESITE", None, "SameSite of the cookies: None, Lax or Strict"),
    Option("JWT_COOKIE_SECURE", False, "whether cookies travel over https alone"),
    Option("JWT_CSRF_CHECK_FORM", False, "whether the CSRF value may come in a form field"),
    Option("JWT_CSRF_IN_COOKIES", True, "whether the CSRF value is set as a cookie of its own"),
    Option(
        "JWT_CSRF_METHODS", ["POST", "PUT", "PATCH", "DELETE"], "methods that need the CSRF value"
    ),
    Option("JWT_DECODE_ALGORITHMS", None, "algorithms accepted; None for JWT_ALGORITHM alone"),
    Option("JWT_DECODE_AUDIENCE", None, "audience or audiences accepted; None leaves aud unread"),
    Option("JWT_DECODE_ISSUER", None, "issuer or issuers accepted; None leaves iss unread"),
    Option("JWT_DECODE_LEEWAY", 0, "seconds that clocks may differ"),
    Option("JWT_ENCODE_AUDIENCE", None, "aud of new tokens"),
    Option("JWT_ENCODE_ISSUER", None, "iss of new tokens"),
    Option("JWT_ENCODE_NBF", True, "whether new tokens carry nbf"),
    Option("JWT_ERROR_MESSAGE_KEY", "msg", "member of the error bodies that holds the text"),
    Option("JWT_HEADER_NAME", "Authorization", "header of the token"),
    Option(
        "JWT_HEADER_TYPE",
        "Bearer",
        "scheme before the token in that header, in any case; may be empty",
    ),
    Option("JWT_IDENTITY_CLAIM", "sub", "claim that holds the identity"),
    Option(
        "JWT_ISSUERS",
        None,
        "[other issuers](../extension/other-issuers.md) whose tokens are accepted",
    ),
    Option("JWT_JSON_KEY", "access_token", "member of a JSON body that holds an access token"),
    Option("JWT_PRIVATE_KEY", None, "key that signs, for asymmetric algorithms"),
    Option("JWT_PUBLIC_KEY", None, "key that verifies, for asymmetric algorithms"),
    Option(
        "JWT_PUBLIC_KEYS",
        None,
        "further public keys that verify, or JWK Sets; with a list, even an empty one, new tokens "
        "carry kid",
    ),
    Option("JWT_QUERY_STRING_NAME", "jwt", "query parameter of the token"),
    Option("JWT_QUERY_STRING_VALUE_PREFIX", "", "what stands before the token there"),
    Option("JWT_REFRESH_COOKIE_NAME", "refresh_token_cookie", "cookie of the refresh token"),
    Option("JWT_REFRESH_COOKIE_PATH", "/", "path of that cookie"),
    Option("JWT_REFRESH_CSRF_COOKIE_NAME", "csrf_refresh_token", "cookie of its CSRF value"),
    Option("JWT_REFRESH_CSRF_COOKIE_PATH", "/", "path of that cookie"),
    Option("JWT_REFRESH_CSRF_FIELD_NAME", "csrf_token", "form field of its CSRF value"),
    Option("JWT_REFRESH_CSRF_HEADER_NAME", "X-CSRF-TOKEN", "header of its CSRF value"),
    Option("JWT_REFRESH_JSON_KEY", "refresh_token", "member of a JSON body for refresh tokens"),
    Option(
        "JWT_REFRESH_TOKEN_EXPIRES",
        timedelta(days=30),
        "life of a refresh token: a timedelta, seconds, or False for no end",
    ),
    Option("JWT_SECRET_KEY", None, "secret of the HMAC algorithms; SECRET_KEY where it is unset"),
    Option("JWT_SECRET_KEY_FALLBACKS", None, "earlier secrets, of which tokens are still accepted"),
    Option("JWT_SESSION_COOKIE", True, "whether cookies end with the browser's session"),
    Option("JWT_TOKEN_LOCATION", ("headers",), "where tokens are looked for, in this order"),
    Option("JWT_VERIFY_SUB", True, "whether sub has to be a string"),
    Option(
        "JWT_COOKIE_PARTITIONED",
        False,
        "whether the cookies are partitioned by top-level site (CHIPS), for pages in a frame of "
        'another site; they are then Secure, and need JWT_COOKIE_SAMESITE "None"',
    ),
    Option("JWT_MAX_TOKEN_BYTES", MAX_TOKEN_BYTES, "larger tokens are refused unseen"),
    Option(
        "JWT_PROFILE",
        "compatible",
        "compatible, or strict (RFC 8725): then set issuer and audience, for encoding and decoding",
    ),
)


def set_defaults(config: dict[str, Any]) -> None:
    """Set every option that the application has not set."""
    for option in OPTIONS:
        value = option.default
        config.setdefault(option.name, list(value) if isinstance(value, list) else value)
