"""Delete a user with all of their data."""

from contextlib import AbstractContextManager, nullcontext

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.admins import refuse_last_admin
from flask_watchword.accounts.api_tokens import client_ids_of
from flask_watchword.accounts.transaction import Transaction


def delete_user(
    accounts: Accounts,
    user_id: str,
    *,
    actor: str | None = None,
    confirmation: AbstractContextManager[object] | None = None,
) -> None:
    """Delete a user with all of their data; every session ends.

    Args:
        accounts: the accounts.
        user_id: the id of the user.
        actor: the administrator or the command that deletes the user; ``None`` for the user.
        confirmation: verifies the second factor when it is entered, after everything else that
            can be rejected: each code works once.

    Raises:
        NoSuchUser: when there is none.
        LastAdmin: when no user would have the role ``admin`` afterwards; no session has ended then.
    """
    # Before sessions end, so that a rejection ends none; and once more in the transaction.
    refuse_last_admin(accounts.users, user_id)
    detail = {} if actor is None else {"actor": actor}

    def delete(tx: Transaction) -> list[str]:
        clients = client_ids_of(tx.api_tokens, user_id)
        tx.delete_user(user_id)
        tx.audit("user_deleted", user_id, **detail)
        return clients

    with confirmation or nullcontext(), accounts.end_access(user_id) as further:
        further.extend(accounts.transaction(delete))
