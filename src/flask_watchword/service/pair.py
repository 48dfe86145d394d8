"""What a login and a refresh are answered with."""

from typing import Literal, Self, TypeAlias

import msgspec
from flask import Response

from flask_watchword.extension.current import get_jwt_request_location
from flask_watchword.extension.session_work import TokenPair
from flask_watchword.service.answers import answer
from flask_watchword.service.components import components
from flask_watchword.service.cookies import set_cookies

#: How the tokens of a session travel.
TokenTransport: TypeAlias = Literal["header", "cookie"]


class Pair(msgspec.Struct):
    """Two tokens, as RFC 6749 section 5.1 has them."""

    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int

    @classmethod
    def of(cls, pair: TokenPair) -> Self:
        """Return the pair of a session."""
        return cls(pair.access_token, pair.refresh_token, "Bearer", pair.expires_in)


class InCookies(msgspec.Struct):
    """What is answered instead where the tokens travel in cookies: no script sees them.

    Attributes:
        expires_in: seconds that the access token lives.
        csrf_token: what to send as ``X-CSRF-TOKEN`` with whatever changes something.
    """

    expires_in: int
    csrf_token: str


def pair_answer(pair: TokenPair, csrf: str, transport: TokenTransport) -> Response:
    """Answer with the tokens of a session.

    Args:
        pair: the tokens.
        csrf: what they carry as ``csrf``.
        transport: how they travel.
    """
    if transport == "header":
        return answer(Pair.of(pair))
    response = answer(InCookies(pair.expires_in, csrf))
    set_cookies(response, pair, csrf, components().settings.refresh_token_seconds)
    return response


def current_transport() -> TokenTransport:
    """Return how the token of the current request has travelled."""
    return "cookie" if get_jwt_request_location() == "cookies" else "header"
