"""What the endpoints put into the audit log: each event with the client of its request."""

from flask import Flask

from flask_watchword.accounts.audit import Detail, Event, new_event
from flask_watchword.clock import system_clock
from flask_watchword.extension.verification.current import get_jwt
from flask_watchword.service.client_address import client
from flask_watchword.service.context import service_context
from flask_watchword.sessions.session import Session


def event(name: str, subject: str | None = None, session: str = "", **detail: Detail) -> Event:
    """Return an event of the current request.

    Args:
        name: what happened; it is contract.
        subject: whose account it is about; ``None`` where nobody's.
        session: of which session the request was.
        detail: what else is worth knowing, never a secret.
    """
    sender = client()
    return new_event(
        name,
        system_clock(),
        subject=subject or "",
        session=session,
        address=sender.address,
        agent=sender.agent,
        **detail,
    )


def record(name: str, subject: str | None = None, session: str = "", **detail: Detail) -> None:
    """Add an event to the log that is part of no other change; takes what :func:`event` takes."""
    log = service_context().stores.accounts.stores.audit
    log.append([event(name, subject, session, **detail)])


def record_reuse(_app: Flask, session: Session) -> None:
    """Add to the log that a spent refresh token was used again, for which its session ended."""
    record("refresh_reused", session.subject, session.id)


def current_session() -> str:
    """Return the session of the token of the current request; empty where it has none."""
    return str(get_jwt().get("sid") or "")
