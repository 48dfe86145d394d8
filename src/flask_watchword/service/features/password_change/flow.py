"""Change the password of an account. The current password is required again."""

from contextlib import AbstractContextManager

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.api_keys import api_keys_of, template_values
from flask_watchword.accounts.credentials import WrongPassword, confirm_password
from flask_watchword.accounts.notifications import PASSWORD_CHANGED
from flask_watchword.accounts.transaction import Transaction
from flask_watchword.accounts.users import User


def change_password(
    accounts: Accounts,
    user_id: str,
    current: str,
    new: str,
    *,
    confirmation: AbstractContextManager[object],
    send_email: bool = True,
) -> None:
    """Give a user another password; every session but the current one ends.

    Args:
        accounts: the accounts.
        user_id: the id of the user.
        current: the current password.
        new: the new password.
        confirmation: verifies the second factor when it is entered, after everything else that
            can be rejected: each code works once.
        send_email: whether a notification is sent.

    Raises:
        WrongPassword: when ``current`` is not the user's.
        UnacceptablePassword: when the policy rejects ``new``.
        HasherOverloaded: when no CPU core became free in time.
    """
    user = confirm_password(accounts, user_id, current)
    password_hash = accounts.hash_new_password(user, user.email, new)
    with confirmation, accounts.end_access(user_id, keep_current=True):
        accounts.transaction(
            lambda tx: set_new_password(tx, user, password_hash), send_email=send_email
        )


def set_new_password(tx: Transaction, user: User, password_hash: str) -> None:
    """Store a new password, invalidate the codes that were e-mailed before, and notify the user.

    Raises:
        WrongPassword: when the account has changed since its password was verified.
    """
    if not tx.users.set_password(user.id, password_hash, tx.now, user.version):
        raise WrongPassword
    tx.codes.forget(user.id)
    tx.notify(PASSWORD_CHANGED, user, items=template_values(api_keys_of(tx, user.id)))
    tx.audit("password_changed", user.id)
