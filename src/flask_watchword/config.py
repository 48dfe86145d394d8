"""``config``: the options of the current application as attributes."""

from collections.abc import Callable
from typing import Any

from flask import current_app

from flask_watchword.extension.options import values
from flask_watchword.internal_utils import get_json_encoder


def _option(name: str) -> property:
    """Return a property that reads one option."""
    return property(lambda _: current_app.config[name], doc=f"{name}.")


def _parsed(parse: Callable[[values.Config], Any]) -> property:
    """Return a property that parses options, and raises for invalid values."""
    return property(lambda _: parse(current_app.config), doc=parse.__doc__)


def _token_location(config: values.Config) -> Any:
    """Return JWT_TOKEN_LOCATION as the application set it, a string as a tuple."""
    value = config["JWT_TOKEN_LOCATION"]
    parsed = values.token_locations(value)
    return parsed if isinstance(value, str) else value


def _has_location(name: str) -> property:
    return _parsed(lambda config: name in _token_location(config))


class _Config:
    """The options of the current application, read-only."""

    access_cookie_name = _option("JWT_ACCESS_COOKIE_NAME")
    access_cookie_path = _option("JWT_ACCESS_COOKIE_PATH")
    access_csrf_cookie_name = _option("JWT_ACCESS_CSRF_COOKIE_NAME")
    access_csrf_cookie_path = _option("JWT_ACCESS_CSRF_COOKIE_PATH")
    access_csrf_field_name = _option("JWT_ACCESS_CSRF_FIELD_NAME")
    access_csrf_header_name = _option("JWT_ACCESS_CSRF_HEADER_NAME")
    access_expires = _parsed(lambda config: values.lifetime(config, "access"))
    algorithm = _option("JWT_ALGORITHM")
    cookie_csrf_protect = _option("JWT_COOKIE_CSRF_PROTECT")
    cookie_domain = _option("JWT_COOKIE_DOMAIN")
    cookie_max_age = _parsed(values.cookie_max_age)
    cookie_samesite = _option("JWT_COOKIE_SAMESITE")
    cookie_secure = _option("JWT_COOKIE_SECURE")
    csrf_check_form = _option("JWT_CSRF_CHECK_FORM")
    csrf_in_cookies = _option("JWT_CSRF_IN_COOKIES")
    csrf_request_methods = _option("JWT_CSRF_METHODS")
    decode_algorithms = _parsed(values.decode_algorithms)
    decode_audience = _option("JWT_DECODE_AUDIENCE")
    decode_issuer = _option("JWT_DECODE_ISSUER")
    decode_key = _parsed(values.decode_key)
    encode_audience = _option("JWT_ENCODE_AUDIENCE")
    encode_issuer = _option("JWT_ENCODE_ISSUER")
    encode_key = _parsed(values.encode_key)
    encode_nbf = _option("JWT_ENCODE_NBF")
    error_msg_key = _option("JWT_ERROR_MESSAGE_KEY")
    exempt_methods = property(lambda _: {"OPTIONS"})
    header_name = _parsed(values.header_name)
    header_type = _option("JWT_HEADER_TYPE")
    identity_claim_key = _option("JWT_IDENTITY_CLAIM")
    is_asymmetric = _parsed(lambda config: values.is_asymmetric(config["JWT_ALGORITHM"]))
    json_encoder = property(lambda _: get_json_encoder(current_app))
    json_key = _option("JWT_JSON_KEY")
    jwt_in_cookies = _has_location("cookies")
    jwt_in_headers = _has_location("headers")
    jwt_in_json = _has_location("json")
    jwt_in_query_string = _has_location("query_string")
    leeway = _option("JWT_DECODE_LEEWAY")
    query_string_name = _option("JWT_QUERY_STRING_NAME")
    query_string_value_prefix = _option("JWT_QUERY_STRING_VALUE_PREFIX")
    refresh_cookie_name = _option("JWT_REFRESH_COOKIE_NAME")
    refresh_cookie_path = _option("JWT_REFRESH_COOKIE_PATH")
    refresh_csrf_cookie_name = _option("JWT_REFRESH_CSRF_COOKIE_NAME")
    refresh_csrf_cookie_path = _option("JWT_REFRESH_CSRF_COOKIE_PATH")
    refresh_csrf_field_name = _option("JWT_REFRESH_CSRF_FIELD_NAME")
    refresh_csrf_header_name = _option("JWT_REFRESH_CSRF_HEADER_NAME")
    refresh_expires = _parsed(lambda config: values.lifetime(config, "refresh"))
    refresh_json_key = _option("JWT_REFRESH_JSON_KEY")
    session_cookie = _option("JWT_SESSION_COOKIE")
    token_location = _parsed(_token_location)
    verify_sub = _option("JWT_VERIFY_SUB")


config = _Config()
