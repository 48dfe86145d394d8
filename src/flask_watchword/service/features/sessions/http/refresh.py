"""POST /refresh: exchange a refresh token for new tokens."""

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
    """Respond with an access and a refresh token, or 401.

    They come as the refresh token did: in the body or in cookies.

    A refresh token that was used before ends its session, because someone has a copy of it.
    """
    # Loaded from the database: a deleted or disabled user gets no tokens, and roles are current.
    try:
        user = current_user(context)
    except UnusableToken:
        context.sessions.end()
        after_this_request(clear_own_cookies)
        raise
    authentication = AuthenticationContext.from_claims(get_jwt(), user)
    # The access token is not fresh, because no password was entered for it.
    return token_response(
        context,
        context.sessions.refresh(authentication, address=context.client_address),
        authentication.csrf,
        current_transport(),
    )
