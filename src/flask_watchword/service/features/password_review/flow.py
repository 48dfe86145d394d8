"""A password that stood beside a second factor has to be strong enough alone without it.

Beside a second factor a shorter password is accepted. Its length cannot be read from its hash
when the factor is removed, so the next login checks it, and asks for a new one where it has to.
"""

from flask_watchword.accounts.accounts import Accounts, PasswordSet
from flask_watchword.accounts.password_policy import check_new_password
from flask_watchword.accounts.users import User
from flask_watchword.service.features.password_change.flow import WrongPassword, set_new_password


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
    """Check the password of a user who logs in without a second factor, where that is due.

    One that is accepted is not checked again.

    Raises:
        UnacceptablePassword: when the user has to choose another one first.
    """
    if user.password_review_at is None:
        return
    check_alone(accounts, user, password)
    accounts.users.finish_password_review(user.id, user.version)


def replace_reviewed(accounts: Accounts, user: User, password: str) -> PasswordSet:
    """Give a user, whose login was refused for the password, another one.

    Raises:
        WrongPassword: when the user is another one by now, or has a second factor again: a login
            that has not shown it may change nothing.
        UnacceptablePassword: when the password is too weak.
        HashingBusy: when no core became free in time.
    """
    _refuse_second_factor(accounts, user)
    check_alone(accounts, user, password)
    password_hash = accounts.passwords.hash(password)
    return accounts.change(lambda stores: _replace(stores, user, password_hash))


def _replace(accounts: Accounts, user: User, password_hash: str) -> PasswordSet:
    _refuse_second_factor(accounts, user)
    done = set_new_password(accounts, user, password_hash)
    accounts.users.finish_password_review(user.id, user.version + 1)
    return done


def _refuse_second_factor(accounts: Accounts, user: User) -> None:
    if accounts.has_second_factor(user):
        raise WrongPassword
