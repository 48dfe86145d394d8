"""The steps of a new session, around the store: shared by ``Sessions.start`` and the service."""

from collections.abc import Sequence

from flask_watchword.extension.sessions.current_request import current_requester
from flask_watchword.extension.sessions.session_context import SessionContext
from flask_watchword.extension.sessions.signals import session_started
from flask_watchword.sessions.session import Session, new_session


def prepare_session(context: SessionContext, subject: str, address: str | None) -> Session:
    """Return a new session for the sender of the current request; it is not stored yet.

    Args:
        context: the context of the call.
        subject: the subject of its tokens.
        address: IP address of the client; ``None`` for the peer of the connection.
    """
    context.feed.ensure_epoch()
    return new_session(subject, context.now, context.lifetimes, current_requester(address))


def publish_start(context: SessionContext, session: Session, ended: Sequence[Session]) -> None:
    """Send the signals of a session that is stored, and of those that it has ended."""
    context.publish_ended(ended)
    session_started.send(context.app, session=session)
