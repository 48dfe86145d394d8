"""Record refresh tokens that are used again, and notify the user of a session that was copied.

Within the grace period, a used refresh token gets the same successor again, for a lost response or
a second tab. A thief with a copy can exploit the grace period by repeating each refresh in time. A
repeat from another network or user agent than the first use therefore counts as one from another
device, and several such generations in a row as a copied session.
"""

from flask import Flask

from flask_watchword.accounts.shared_limits import MailCause
from flask_watchword.accounts.transaction import Transaction
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.rate_limiting import room_in_mailbox
from flask_watchword.sessions.session import Session

#: Number of consecutive generations repeated by another device after which the user gets an
#: e-mail. A single one may be a phone that changed networks during a refresh.
NOTIFY_AFTER = 3

SESSION_USED_ELSEWHERE = "session_used_elsewhere"


def record_reuse(context: ServiceContext, _app: Flask, session: Session) -> None:
    """Record that a used refresh token was sent again; its session has ended."""
    context.audit("refresh_reused", session.subject, session.id)


def record_repeat(context: ServiceContext, _app: Flask, session: Session, elsewhere: bool) -> None:
    """Record that a refresh token was repeated; notify the user if it keeps happening."""
    if not elsewhere or session.elsewhere_in_a_row != NOTIFY_AFTER:
        context.transaction(lambda tx: _record(tx, session, elsewhere=elsewhere))
        return
    user = context.stores.users.by_id(session.subject)
    if user is not None and user.email_verified_at is None:
        # The address may belong to a stranger, and the notification has a User-Agent: any text.
        user = None
    # One limit for all copied sessions, so that the mailbox is not flooded.
    mailbox = "" if user is None else user.email
    with room_in_mailbox(context, mailbox, MailCause.REPEATS) as room:

        def record_and_notify(tx: Transaction) -> None:
            if room:
                tx.notify(SESSION_USED_ELSEWHERE, user, about=_device(session))
            _record(tx, session, elsewhere=elsewhere)

        context.transaction(record_and_notify)


def _record(tx: Transaction, session: Session, *, elsewhere: bool) -> None:
    tx.audit(
        "refresh_repeated",
        session.subject,
        session.id,
        generation=session.generation,
        elsewhere=elsewhere,
    )


def _device(session: Session) -> str:
    """Return a description of the other device: its User-Agent and IP address."""
    return ", ".join(filter(None, (session.elsewhere_agent, session.elsewhere_address)))
