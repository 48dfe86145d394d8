"""Change one's own account. A session alone is not enough: the password is asked for again."""

from flask_watchword.accounts.accounts import (
    Accepted,
    Accounts,
    PasswordSet,
    checked_hash,
    mail_code,
    notify,
    redeem,
)
from flask_watchword.accounts.api_keys import api_keys_of, shown_in_mail
from flask_watchword.accounts.credentials import reauthenticate
from flask_watchword.accounts.emails import check_email, email_key
from flask_watchword.accounts.notifications import NotificationKind
from flask_watchword.accounts.one_time_codes import InvalidCode, Purpose, code_digest, new_code
from flask_watchword.accounts.user_store import EmailTaken
from flask_watchword.accounts.users import User


class WrongPassword(Exception):
    """The password that was shown is not the user's, or was until a moment ago."""


def change_password(accounts: Accounts, user_id: str, current: str, new: str) -> PasswordSet:
    """Give a user another password.

    Raises:
        WrongPassword: when ``current`` is not theirs.
        UnacceptablePassword: when nobody should choose ``new``.
        HashingBusy: when no core became free in time.
    """
    user = confirm_password(accounts, user_id, current)
    password_hash = checked_hash(accounts, user, user.email, new)
    return accounts.change(lambda stores: set_new_password(stores, user, password_hash))


def request_email_change(accounts: Accounts, user_id: str, password: str, email: str) -> Accepted:
    """Mail a code to the address that a user wants to have; until it is used nothing changes.

    The present address gets a notice. Where another user has the new address, that user gets one
    as well, and the result is the same.

    Raises:
        WrongPassword: when the password is not the user's.
        InvalidEmail: when no mail could be sent to the address.
        HashingBusy: when no core became free in time.
    """
    user = confirm_password(accounts, user_id, password)
    shown = check_email(email)
    return accounts.change(lambda stores: _offer(stores, user, shown))


def confirm_email_change(accounts: Accounts, code: str, password: str) -> str:
    """Give the user who has this code the address it was mailed to; return their id.

    The address they had before is told.

    Raises:
        InvalidCode: when the code is not good, or somebody else has the address by now.
        WrongPassword: when the password is not the user's; the code stays as good as it was.
        HashingBusy: when no core became free in time.
    """
    confirm_code(accounts, code, Purpose.CHANGE_EMAIL, password)
    return accounts.change(lambda stores: _change_email(stores, code))


def confirm_password(accounts: Accounts, user_id: str, password: str) -> User:
    """Return the user with this id if the password is theirs.

    Raises:
        WrongPassword: when it is not.
        HashingBusy: when no core became free in time.
    """
    user = reauthenticate(accounts.users, accounts.passwords, user_id, password)
    if user is None:
        raise WrongPassword
    return user


def confirm_code(accounts: Accounts, code: str, purpose: Purpose, password: str) -> None:
    """Make sure that whoever has a code also has the password of the account it is for.

    By the code alone the owner of a mailbox could confirm, by mistake, an account that somebody
    else has made for their address, and who chose its password would keep it: a "trojan" of those
    that Sudhodanan and Paverd describe (Pre-hijacked accounts, 2022).

    Raises:
        InvalidCode: when the code is not good; it is never used up here.
        WrongPassword: when the password is not the user's.
        HashingBusy: when no core became free in time.
    """
    found = accounts.codes.find(code_digest(code), purpose, accounts.clock())
    user = accounts.users.by_id(found.subject) if found else None
    if found is None or user is None or user.version != found.version:
        raise InvalidCode
    confirm_password(accounts, user.id, password)


def set_new_password(accounts: Accounts, user: User, password_hash: str) -> PasswordSet:
    """Keep a new password, end the codes that were mailed before, and notify the user.

    Raises:
        WrongPassword: when the user is another one by now.
    """
    if not accounts.users.set_password(user.id, password_hash, accounts.clock(), user.version):
        raise WrongPassword
    accounts.codes.forget(user.id)
    keys = shown_in_mail(api_keys_of(accounts, user.id))
    notify(accounts, NotificationKind.PASSWORD_CHANGED, user, items=keys)
    return PasswordSet(user.id, may_keep_session=True)


def _offer(accounts: Accounts, user: User, shown: str) -> Accepted:
    # While the owner can still prevent it; where the address is taken as well, so that this
    # mailbox does not show which addresses have an account.
    notify(accounts, NotificationKind.EMAIL_CHANGE_REQUESTED, user)
    owner = accounts.users.by_email(email_key(shown))
    if owner is None or owner.id == user.id:
        mail_code(accounts, user, Purpose.CHANGE_EMAIL, shown)
    else:
        # A code nobody has, in the place of any older one.
        now = accounts.clock()
        _, code = new_code(user, Purpose.CHANGE_EMAIL, shown, now, accounts.lifetimes)
        accounts.codes.put(code)
        notify(accounts, NotificationKind.ALREADY_REGISTERED, owner)
    return Accepted(user.id)


def _change_email(accounts: Accounts, code: str) -> str:
    user, address = redeem(accounts, code, Purpose.CHANGE_EMAIL)
    now, key = accounts.clock(), email_key(address)
    try:
        changed = accounts.users.change_email(user.id, address, key, now, user.version)
    except EmailTaken as error:
        raise InvalidCode from error
    if not changed:
        raise InvalidCode
    accounts.codes.forget(user.id)
    notify(accounts, NotificationKind.EMAIL_CHANGED, user)
    return user.id
