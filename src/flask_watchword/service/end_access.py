"""End the sessions and access tokens of a user around a change of the account."""

import contextlib
from collections.abc import Iterator

from flask_watchword.accounts.api_tokens import client_ids_of
from flask_watchword.accounts.transaction import Database
from flask_watchword.extension.sessions.api import Sessions
from flask_watchword.extension.sessions.session_context import SessionContext
from flask_watchword.sessions.store import subject_revocation


@contextlib.contextmanager
def end_access(
    sessions: Sessions, database: Database, user_id: str, *, keep_current: bool = False
) -> Iterator[list[str]]:
    """End the access of a user around a change: see ``accounts.EndAccess``."""
    tokens = database.repositories.api_tokens
    # With the access tokens of the clients that the user has made.
    clients = [] if keep_current else client_ids_of(tokens, user_id)
    sessions.end_all(user_id, keep_current=keep_current)
    revoke_access_of(*clients)
    further: list[str] = []
    yield further
    sessions.end_all(user_id, keep_current=keep_current)
    if not keep_current:
        # And of those that a request made in between.
        clients = list({*clients, *client_ids_of(tokens, user_id), *further})
    revoke_access_of(*clients)


def revoke_access_of(*subjects: str) -> None:
    """Revoke every access token that was issued for these subjects until now.

    It is revoked by subject, in whole seconds: other clients of the same owner request access
    again, as they do every few minutes.
    """
    work = SessionContext()
    for subject in subjects:
        work.revoke(subject_revocation(subject, work.now, work.lifetimes))
