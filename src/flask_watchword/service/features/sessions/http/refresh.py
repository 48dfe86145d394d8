"""POST /refresh: a refresh token for the next pair of its session."""

from flask import Response, after_this_request

from flask_watchword.extension.verification.current import get_jwt
from flask_watchword.service.access import REFRESH
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.cookies import clear_own_cookies
from flask_watchword.service.current_user import current_user
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.error_codes import USER_DISABLED, USER_GONE
from flask_watchword.service.token_response import (
    CookieTokenResponse,
    TokenResponse,
    current_transport,
    token_response,
)
from flask_watchword.service.tokens import AuthenticationContext, UnusableToken


@endpoint(
    "POST",
    "/refresh",
    summary="Exchange a refresh token for new tokens",
    access=REFRESH,
    responses={200: (TokenResponse, CookieTokenResponse)},
    errors=(USER_GONE, USER_DISABLED),
)
def refresh(context: ServiceContext) -> Response:
    """Answer with a pair of tokens for the refresh token's user, or with 401.

    They travel as the refresh token did.

    A refresh token that was used before ends its session: somebody has a copy of it.
    """
    # Read anew: an account that is gone or disabled gets nothing more, and roles are today's.
    try:
        user = current_user(context)
    except UnusableToken:
        context.sessions.end()
        after_this_request(clear_own_cookies)
        raise
    sign_in = AuthenticationContext.told_by(get_jwt(), user)
    # Its access token is not fresh: nobody has typed a password for this one.
    return token_response(
        context,
        context.sessions.refresh(sign_in, address=context.client_address),
        sign_in.csrf,
        current_transport(),
    )
