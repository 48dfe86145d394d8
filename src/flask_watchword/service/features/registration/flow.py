"""Become a user, and show that mail reaches one."""

from flask_watchword.accounts.accounts import (
    Accepted,
    Accounts,
    checked_hash,
    mail_code,
    mail_nothing,
    notify,
    put_nobodys_code,
    redeem,
)
from flask_watchword.accounts.emails import check_email, email_key
from flask_watchword.accounts.notifications import NotificationKind
from flask_watchword.accounts.one_time_codes import InvalidCode, Purpose
from flask_watchword.accounts.user_store import EmailTaken
from flask_watchword.accounts.users import User, new_user
from flask_watchword.service.features.password_change.flow import confirm_code


def register(accounts: Accounts, email: str, password: str) -> Accepted:
    """Add a user, and mail a code that verifies the address.

    Where there is an account already nothing changes, and its owner is told by mail. Both cost
    the same hash and come to the same: only the mailbox tells which it was.

    Raises:
        InvalidEmail: when no mail could be sent to the address.
        UnacceptablePassword: when nobody should choose the password.
        HashingBusy: when no core became free in time.
    """
    shown = check_email(email)
    password_hash = checked_hash(accounts, None, shown, password)
    user = new_user(shown, password_hash, accounts.clock())
    return accounts.change(lambda stores: _add(stores, user))


def resend_verification(accounts: Accounts, email: str) -> Accepted:
    """Mail a new code that verifies an address, where there is one to verify."""
    return accounts.change(lambda stores: _mail_again(stores, email))


def verify_email(accounts: Accounts, code: str, password: str) -> str:
    """Note that mail reaches the user who has this code; return their id.

    Raises:
        InvalidCode: when the code is not good.
        WrongPassword: when the password is not the user's; the code stays as good as it was.
        HashingBusy: when no core became free in time.
    """
    confirm_code(accounts, code, Purpose.VERIFY_EMAIL, password)
    return accounts.change(lambda stores: _verify(stores, code))


def _add(accounts: Accounts, user: User) -> Accepted:
    try:
        accounts.users.add(user)
    except EmailTaken:
        put_nobodys_code(accounts, user.email, Purpose.VERIFY_EMAIL)
        owner = accounts.users.by_email(user.email_key)
        notify(accounts, NotificationKind.ALREADY_REGISTERED, owner)
        return Accepted()
    mail_code(accounts, user, Purpose.VERIFY_EMAIL, user.email)
    return Accepted(user.id)


def _mail_again(accounts: Accounts, email: str) -> Accepted:
    user = accounts.users.by_email(email_key(email))
    if user is None or user.is_disabled or user.email_verified_at is not None:
        mail_nothing(accounts, email, Purpose.VERIFY_EMAIL)
        return Accepted()
    mail_code(accounts, user, Purpose.VERIFY_EMAIL, user.email)
    return Accepted(user.id)


def _verify(accounts: Accounts, code: str) -> str:
    user, _ = redeem(accounts, code, Purpose.VERIFY_EMAIL)
    if not accounts.users.verify_email(user.id, user.email_key, accounts.clock()):
        raise InvalidCode
    return user.id
