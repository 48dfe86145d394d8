"""Responses with tokens: in the body for a header, or in cookies."""

from typing import Literal, Self, TypeAlias

import msgspec
from flask import Response

from flask_watchword.extension.sessions.session_context import TokenPair
from flask_watchword.extension.verification.current import get_jwt_request_location
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.cookies import set_cookies
from flask_watchword.service.responses import json_response

#: Whether the tokens of a session are in headers or in cookies.
TokenTransport: TypeAlias = Literal["header", "cookie"]


class TokenResponse(msgspec.Struct):
    """An access token and a refresh token (RFC 6749 section 5.1)."""

    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int

    @classmethod
    def of(cls, pair: TokenPair) -> Self:
        """Return the pair of a session."""
        return cls(pair.access_token, pair.refresh_token, "Bearer", pair.expires_in)


class CookieTokenResponse(msgspec.Struct):
    """The response if the tokens are set as cookies.

    Attributes:
        expires_in: lifetime of the access token in seconds.
        csrf_token: to be sent as ``X-CSRF-TOKEN`` with each change.
    """

    expires_in: int
    csrf_token: str


def token_response(
    context: ServiceContext, pair: TokenPair, csrf: str, transport: TokenTransport
) -> Response:
    """Return the tokens of a session, in the body or in cookies.

    Args:
        context: the service.
        pair: the tokens.
        csrf: their claim ``csrf``.
        transport: whether the tokens are in the body or in cookies.
    """
    if transport == "header":
        return json_response(TokenResponse.of(pair))
    response = json_response(CookieTokenResponse(pair.expires_in, csrf))
    set_cookies(response, pair, csrf, context.settings.refresh_token_seconds)
    return response


def current_transport() -> TokenTransport:
    """Return whether the token of the current request came in a header or in a cookie."""
    return "cookie" if get_jwt_request_location() == "cookies" else "header"
