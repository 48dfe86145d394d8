"""Refresh tokens that were used again: recorded, and notified if two devices go on to share them.

Within the grace period a used refresh token gets the same successor again, for a lost answer or a
second tab. A thief with a copy can live in that period, if each generation is repeated in time. So
a repeat from another network or user agent than the first use counts as one from another device,
and several generations in a row of which each was repeated so as a copied session.
"""

from flask import Flask

from flask_watchword.accounts.accounts import notify
from flask_watchword.accounts.audit import Event
from flask_watchword.accounts.notifications import NotificationKind
from flask_watchword.accounts.rate_limit_table import MailCause
from flask_watchword.accounts.transaction import AccountStores
from flask_watchword.service.audit_events import event
from flask_watchword.service.context import service_context
from flask_watchword.service.rate_limiting import room_in_mailbox
from flask_watchword.sessions.session import Session

#: After so many generations in a row that were repeated elsewhere the owner gets an e-mail. One
#: may be a telephone that changed networks with a refresh under way.
NOTIFY_AFTER = 3


def record_repeat(_app: Flask, session: Session, elsewhere: bool) -> None:
    """Add to the log that a refresh token was repeated; notify the owner if it goes on."""
    told = event(
        "refresh_repeated",
        session.subject,
        session.id,
        generation=session.generation,
        elsewhere=elsewhere,
    )
    if elsewhere and session.elsewhere_in_a_row == NOTIFY_AFTER:
        _notify(session, told)
    else:
        service_context().stores.accounts.stores.audit.append([told])


def _notify(session: Session, told: Event) -> None:
    parts = service_context()
    user = parts.stores.users.by_id(session.subject)
    if user is not None and user.email_verified_at is None:
        # The address may be a stranger's, and the notice shows a user agent, which is any text.
        user = None
    # Of any number of sessions that are copied: the mailbox must not be filled.
    with room_in_mailbox("" if user is None else user.email, MailCause.REPEATS) as room:

        def work(stores: AccountStores) -> None:
            if room:
                accounts = parts.accounts_in(stores)
                notify(
                    accounts, NotificationKind.SESSION_USED_ELSEWHERE, user, about=_shown(session)
                )
            stores.audit.append([told])

        parts.change(work)


def _shown(session: Session) -> str:
    """Return the other device as people may know it."""
    return ", ".join(filter(None, (session.elsewhere_agent, session.elsewhere_address)))
