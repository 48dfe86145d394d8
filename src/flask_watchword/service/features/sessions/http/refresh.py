"""POST /refresh: exchange a refresh token for new tokens."""

from typing import Any, TypeAlias

from flask import Response, after_this_request

from flask_watchword.accounts.users import User
from flask_watchword.extension.sessions.refreshing import refresh_session
from flask_watchword.extension.sessions.session_context import SessionContext
from flask_watchword.extension.verification.current import get_jwt
from flask_watchword.service.access import REFRESH
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.cookies import clear_own_cookies
from flask_watchword.service.current_user import active_user, current_user
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.error_codes import USER_DISABLED, USER_GONE
from flask_watchword.service.shared_database import SharedDatabase
from flask_watchword.service.token_response import (
    CookieTokenResponse,
    TokenResponse,
    current_transport,
    token_response,
)
from flask_watchword.service.tokens import AuthenticationContext, UnusableToken
from flask_watchword.sessions.session import Session


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
    shared = context.stores.shared
    try:
        rotated = _rotate(context) if shared is None else _rotate_with_user(context, shared)
    except UnusableToken:
        context.sessions.end()
        after_this_request(clear_own_cookies)
        raise
    work, session, user = rotated
    authentication = AuthenticationContext.from_claims(get_jwt(), user)
    # The access token is not fresh, because no password was entered for it.
    pair = work.token_pair(session, authentication, False, None)
    return token_response(context, pair, authentication.csrf, current_transport())


_Rotated: TypeAlias = tuple[SessionContext, Session, User]


def _rotate(context: ServiceContext) -> _Rotated:
    # The user is loaded from the database: a deleted or disabled user gets no tokens, and roles are
    # current.
    user = current_user(context)
    work = SessionContext()
    return work, refresh_session(work, context.client_address), user


def _rotate_with_user(context: ServiceContext, shared: SharedDatabase) -> _Rotated:
    """Rotate the session and load its user with one statement."""
    users: list[User | None] = []

    def rotate(*given: Any) -> Session | None:
        rotated = shared.rotate(*given)
        if rotated is None:
            return None
        session, user = rotated
        users.append(user)
        return session

    work = SessionContext()
    session = refresh_session(work, context.client_address, rotate)
    # The token of a retry has rotated its session before.
    return work, session, active_user(users[0]) if users else current_user(context)
