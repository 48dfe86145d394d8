"""What a call of ``Sessions`` takes from the current request: token, subject and requester."""

from flask import has_request_context, request

from flask_watchword.extension.errors import NoAuthorizationError, WrongTokenError
from flask_watchword.extension.sessions.session_context import SessionContext
from flask_watchword.extension.state import state_of
from flask_watchword.extension.verification.current_token import CurrentToken, current_token
from flask_watchword.sessions.requester import Requester

#: Characters of a User-Agent header that are stored.
_AGENT_LENGTH = 256


def own_token(context: SessionContext) -> CurrentToken:
    """Return the current token, which must not be one of another issuer.

    The subject and the session id of another issuer's token mean nothing here.

    Raises:
        WrongTokenError: when it is.
    """
    token = current_token()
    decoding = state_of(context.app).snapshot(context.app.config).decoding
    if not decoding.is_own({"iss": token.claim("iss")}):
        raise WrongTokenError("Only tokens of this application have sessions")
    return token


def required_token(context: SessionContext) -> CurrentToken:
    """Return the current token, for a call from a view on which the token may be optional.

    Raises:
        NoAuthorizationError: when there is none.
        WrongTokenError: when it is of another issuer.
    """
    token = own_token(context)
    # Every accepted token has a type.
    if token.claim("type") is None:
        raise NoAuthorizationError("There is no token whose session this could be about")
    return token


def current_subject(context: SessionContext) -> str:
    """Return the subject of the current token.

    Raises:
        NoAuthorizationError: when there is no token.
        WrongTokenError: when it is of another issuer.
    """
    return str(required_token(context).claim(context.app.config["JWT_IDENTITY_CLAIM"]))


def current_requester(address: str | None) -> Requester:
    """Return the sender of the current request.

    Args:
        address: its IP address, if the caller knows it better than the connection does.
    """
    if not has_request_context():
        return Requester(address or "")
    connected = request.remote_addr or "" if address is None else address
    return Requester(connected, request.user_agent.string[:_AGENT_LENGTH])
