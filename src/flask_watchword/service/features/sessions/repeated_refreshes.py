"""Refresh tokens that were used again: recorded, and notified if two devices go on to share them.

Within the grace period a used refresh token gets the same successor again, for a lost answer or a
second tab. A thief with a copy can live in that period, if each generation is repeated in time. So
a repeat from another network or user agent than the first use counts as one from another device,
and several generations in a row of which each was repeated so as a copied session.
"""

from flask import Flask

from flask_watchword.accounts.rate_limit_table import MailCause
from flask_watchword.accounts.transaction import Transaction
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.rate_limiting import room_in_mailbox
from flask_watchword.sessions.session import Session

#: After so many generations in a row that were repeated elsewhere the owner gets an e-mail. One
#: may be a telephone that changed networks with a refresh under way.
NOTIFY_AFTER = 3

SESSION_USED_ELSEWHERE = "session_used_elsewhere"


def record_reuse(context: ServiceContext, _app: Flask, session: Session) -> None:
    """Record that a used refresh token was sent again, for which its session has ended."""
    context.audit("refresh_reused", session.subject, session.id)


def record_repeat(context: ServiceContext, _app: Flask, session: Session, elsewhere: bool) -> None:
    """Record that a refresh token was repeated; notify the owner if it goes on."""
    if not elsewhere or session.elsewhere_in_a_row != NOTIFY_AFTER:
        context.transaction(lambda tx: _record(tx, session, elsewhere=elsewhere))
        return
    user = context.stores.users.by_id(session.subject)
    if user is not None and user.email_verified_at is None:
        # The address may be a stranger's, and the notification shows a User-Agent: any text.
        user = None
    # Counted over all sessions that are copied: the mailbox must not be filled.
    mailbox = "" if user is None else user.email
    with room_in_mailbox(context, mailbox, MailCause.REPEATS) as room:

        def record_and_notify(tx: Transaction) -> None:
            if room:
                tx.notify(SESSION_USED_ELSEWHERE, user, about=_shown(session))
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


def _shown(session: Session) -> str:
    """Return the other device as people may know it."""
    return ", ".join(filter(None, (session.elsewhere_agent, session.elsewhere_address)))
