"""Rotate the session of the current request: shared by ``Sessions.refresh`` and the service."""

from flask_watchword.extension.errors import RevokedTokenError
from flask_watchword.extension.sessions.current_request import current_requester, required_token
from flask_watchword.extension.sessions.revocation_feed import SESSION_ENDED
from flask_watchword.extension.sessions.session_context import SessionContext
from flask_watchword.extension.sessions.signals import (
    refresh_repeated,
    refresh_reused,
    session_refreshed,
)
from flask_watchword.extension.verification.token_checks import check_type
from flask_watchword.sessions.refresh import RefreshRejected, Rotate, refresh
from flask_watchword.sessions.session import Session


def refresh_session(
    context: SessionContext, address: str | None, rotate: Rotate | None = None
) -> Session:
    """Rotate the session of the current refresh token, and send the signals.

    Args:
        context: the context of the call.
        address: IP address of the client; ``None`` for the peer of the connection.
        rotate: see :func:`~flask_watchword.sessions.refresh.refresh`.

    Raises:
        RevokedTokenError: when the session has ended, or ends now because the token was used
            before.
        WrongTokenError: when the token is not a refresh token.
        NoAuthorizationError: when there is no token.
        StoreUnavailable: when the store does not respond.
    """
    token = required_token(context)
    claims = token.private_copy.claims
    check_type(claims, refresh=True)
    session_id, generation = claims.get("sid"), claims.get("gen")
    if not isinstance(session_id, str) or type(generation) is not int:
        raise RevokedTokenError(*token.private_copy, code=SESSION_ENDED)
    sender = current_requester(address)
    try:
        granted = refresh(
            context.store, session_id, generation, context.now, context.lifetimes, sender, rotate
        )
    except RefreshRejected as error:
        if error.ended_now and error.session is not None:
            refresh_reused.send(context.app, session=error.session)
            context.publish_ended([error.session])
        raise RevokedTokenError(*token.private_copy, code=error.code) from error
    session = granted.session
    session_refreshed.send(context.app, session=session, repeated=granted.repeated)
    if granted.noted:
        refresh_repeated.send(context.app, session=session, elsewhere=granted.elsewhere)
    return session
