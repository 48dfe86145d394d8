"""Change the e-mail address of an account with a code that is e-mailed to the new address."""

from contextlib import AbstractContextManager

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.credentials import confirm_code, confirm_password
from flask_watchword.accounts.emails import check_email, email_key
from flask_watchword.accounts.one_time_codes import InvalidCode, Purpose
from flask_watchword.accounts.transaction import Transaction
from flask_watchword.accounts.user_store import EmailTaken
from flask_watchword.accounts.users import User
from flask_watchword.service.configuration import values
from flask_watchword.service.configuration.setting import Setting
from flask_watchword.service.features.registration.flow import ALREADY_REGISTERED

CHANGE_EMAIL_SECONDS = Setting(
    "change_email_seconds",
    values.whole_number(60, 24 * 60 * 60),
    60 * 60,
    "lifetime of a code that changes an e-mail address",
)
CHANGE_EMAIL = Purpose("change_email", CHANGE_EMAIL_SECONDS.default, notification="change_email")
EMAIL_CHANGED = "email_changed"
EMAIL_CHANGE_REQUESTED = "email_change_requested"


def request_email_change(
    accounts: Accounts,
    user_id: str,
    password: str,
    email: str,
    *,
    confirmation: AbstractContextManager[object],
) -> None:
    """E-mail a code to the new address. Nothing changes until the code is used.

    The current address gets a notification. Where another user has the new address, that user
    gets one as well, and the response is the same.

    Args:
        accounts: the accounts.
        user_id: the id of the user.
        password: the password of the user.
        email: the new address.
        confirmation: verifies the second factor when it is entered, after everything else that
            can be rejected: each code works once.

    Raises:
        WrongPassword: when the password is not the user's.
        InvalidEmail: when the address cannot receive e-mail.
        HasherOverloaded: when no CPU core became free in time.
    """
    user = confirm_password(accounts, user_id, password)
    shown = check_email(email)
    with confirmation:
        accounts.transaction(lambda tx: _send_code(tx, user, shown))


def confirm_email_change(accounts: Accounts, code: str, password: str) -> None:
    """Give the user who has this code the address that it was e-mailed to.

    The previous address gets a notification.

    Raises:
        InvalidCode: when the code is invalid, or another user has the address by now.
        WrongPassword: when the password is not the user's; the code stays valid.
        HasherOverloaded: when no CPU core became free in time.
    """
    confirm_code(accounts, code, CHANGE_EMAIL, password)
    accounts.transaction(lambda tx: _change_email(tx, code))


def _send_code(tx: Transaction, user: User, email: str) -> None:
    # The owner can still prevent the change. Also where the address is taken, so that this mailbox
    # does not show which addresses have an account.
    tx.notify(EMAIL_CHANGE_REQUESTED, user)
    owner = tx.users.by_email(email_key(email))
    if owner is None or owner.id == user.id:
        tx.mail_code(user, CHANGE_EMAIL, email)
    else:
        tx.put_unsent_code(user, CHANGE_EMAIL, email)
        tx.notify(ALREADY_REGISTERED, owner)
    tx.audit("email_change_requested", user.id)


def _change_email(tx: Transaction, text: str) -> None:
    user, code = tx.redeem(text, CHANGE_EMAIL)
    key = email_key(code.address)
    try:
        changed = tx.users.change_email(user.id, code.address, key, tx.now, user.version)
    except EmailTaken as error:
        raise InvalidCode from error
    if not changed:
        raise InvalidCode
    tx.codes.forget(user.id)
    tx.notify(EMAIL_CHANGED, user)
    tx.audit("email_changed", user.id)
