"""One request, one transaction: a flow of accounts, its mail and its entry in the audit log."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar, cast

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.audit import Event
from flask_watchword.accounts.notifications import Mailer
from flask_watchword.accounts.transaction import AccountStores
from flask_watchword.service.api_token_access import clients_of, revoke_access_of
from flask_watchword.service.context import service_context

_T = TypeVar("_T")
_Done = TypeVar("_Done")


def do(
    flow: Callable[[Accounts], _T],
    log: Callable[[_T], Event | Sequence[Event]],
    *,
    mailer: Callable[[Mailer], Mailer] | None = None,
    around: contextlib.AbstractContextManager[object] | None = None,
) -> _T:
    """Do what a request asks of accounts.

    Args:
        flow: what to do. Its one change, the mail it causes and the entry in the audit log are
            one transaction; hashes come before it. It returns what that change comes to.
        log: makes the entry of that, or several.
        mailer: puts another mailer in the place of the one that there is.
        around: what begins just before the transaction and ends after it.

    Raises:
        StoreUnavailable: when a store does not answer; nothing has changed then.
    """
    parts = service_context()

    def accounts_in(stores: AccountStores) -> Accounts:
        accounts = parts.accounts_in(stores)
        return accounts if mailer is None else replace(accounts, mailer=mailer(accounts.mailer))

    def together(_accounts: Accounts, work: Callable[[Accounts], _Done]) -> _Done:
        def change(stores: AccountStores) -> _Done:
            done = work(accounts_in(stores))
            # Last: who appends makes all others who append wait until the change is over.
            told = log(cast(_T, done))
            stores.audit.append([told] if isinstance(told, Event) else told)
            return done

        with around or contextlib.nullcontext():
            return parts.change(change)

    return flow(replace(accounts_in(parts.stores.accounts.stores), together=together))


@contextlib.contextmanager
def sessions_ended(subject: str, *, keep_current: bool = False) -> Iterator[list[str]]:
    """End the sessions of a subject around a change after which they must not go on.

    Before it, so that nothing changes while they cannot be ended; and once more after it, for
    those that somebody started in between with what was good until then.

    Yields:
        Further subjects whose access is revoked after the change. One that deletes the user adds
        the clients that go with them, since nothing tells of these any more then.
    """
    sessions = service_context().sessions
    # With those of the subject itself: what programs have that the user has made.
    clients = [] if keep_current else clients_of(subject)
    sessions.end_all(subject, keep_current=keep_current)
    revoke_access_of(*clients)
    gone: list[str] = []
    yield gone
    sessions.end_all(subject, keep_current=keep_current)
    if not keep_current:
        # With those that were made in between: a request that had begun may have made one.
        clients = list({*clients, *clients_of(subject), *gone})
    revoke_access_of(*clients)
