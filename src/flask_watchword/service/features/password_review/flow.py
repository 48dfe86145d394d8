"""Check passwords that were chosen beside a second factor which has since been removed.

Beside a second factor a shorter password is accepted. Its length cannot be read from its hash when
the factor is removed, so the next login checks it, and requires a new password where it is weak.
"""

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.credentials import WrongPassword
from flask_watchword.accounts.password_policy import check_new_password
from flask_watchword.accounts.transaction import Repositories, Transaction
from flask_watchword.accounts.users import User
from flask_watchword.service.features.password_change.flow import set_new_password


def check_alone(accounts: Accounts, user: User, password: str) -> None:
    """Check that a password is strong enough as the only factor of a user.

    Raises:
        UnacceptablePassword: when it is not.
    """
    check_new_password(
        password,
        about=(user.email, accounts.service_name),
        least=accounts.min_password_characters,
    )


def review_password(accounts: Accounts, user: User, password: str) -> None:
    """Check the password of a user who logs in without a second factor, if a check is due.

    A password that is accepted is not checked again.

    Raises:
        UnacceptablePassword: when the user has to choose another one first.
    """
    if user.password_review_at is None:
        return
    check_alone(accounts, user, password)
    accounts.users.finish_password_review(user.id, user.version)


def replace_password(accounts: Accounts, user: User, password: str) -> None:
    """Replace the weak password of a user whose login it blocks; all sessions end.

    Raises:
        WrongPassword: when the account has changed, or has a second factor again: a login without
            this factor must not change anything.
        UnacceptablePassword: when the password is too weak.
        HasherOverloaded: when no CPU core became free in time.
    """
    _reject_second_factor(accounts, accounts.repositories, user)
    check_alone(accounts, user, password)
    password_hash = accounts.passwords.hash(password)
    with accounts.end_access(user.id):
        accounts.transaction(lambda tx: _replace(tx, accounts, user, password_hash))


def _replace(tx: Transaction, accounts: Accounts, user: User, password_hash: str) -> None:
    _reject_second_factor(accounts, tx.repositories, user)
    set_new_password(tx, user, password_hash)
    tx.users.finish_password_review(user.id, user.version + 1)


def _reject_second_factor(accounts: Accounts, repositories: Repositories, user: User) -> None:
    if accounts.has_second_factor(repositories, user.id):
        raise WrongPassword
