"""Verify an e-mail address with an e-mailed one-time code."""

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.credentials import confirm_code
from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.one_time_codes import InvalidCode, Purpose
from flask_watchword.accounts.transaction import Transaction
from flask_watchword.service.configuration import values
from flask_watchword.service.configuration.setting import Setting
from flask_watchword.service.configuration.settings import ONE_YEAR

VERIFY_EMAIL_SECONDS = Setting(
    "verify_email_seconds",
    values.whole_number(60, ONE_YEAR),
    24 * 60 * 60,
    "lifetime of a code that verifies an e-mail address",
)
VERIFY_EMAIL = Purpose("verify_email", VERIFY_EMAIL_SECONDS.default, notification="verify_email")


def resend_code(accounts: Accounts, email: str, *, send_email: bool) -> None:
    """E-mail a new code for an address, where there is an account whose address is not verified.

    Args:
        accounts: the accounts.
        email: the address, as the client sent it.
        send_email: whether an e-mail is sent; if not, the steps cost the same, and a code that was
            sent before stays valid.
    """
    accounts.transaction(lambda tx: _resend(tx, email, send_email=send_email))


def verify_email(accounts: Accounts, code: str, password: str) -> str:
    """Mark the address of the user who has this code as verified; return the id of the user.

    Raises:
        InvalidCode: when the code is invalid.
        WrongPassword: when the password is not the user's; the code stays valid.
        HasherOverloaded: when no CPU core became free in time.
    """
    confirm_code(accounts, code, VERIFY_EMAIL, password)
    return accounts.transaction(lambda tx: _verify(tx, code))


def _resend(tx: Transaction, email: str, *, send_email: bool) -> None:
    user = tx.users.by_email(email_key(email)) if send_email else None
    if user is None or user.is_disabled or user.email_verified_at is not None:
        tx.simulate_mail_code(email, VERIFY_EMAIL)
        tx.audit("verification_requested")
        return
    tx.mail_code(user, VERIFY_EMAIL, user.email)
    tx.audit("verification_requested", user.id)


def _verify(tx: Transaction, code: str) -> str:
    user, _ = tx.redeem(code, VERIFY_EMAIL)
    if not tx.users.verify_email(user.id, user.email_key, tx.now):
        raise InvalidCode
    tx.audit("email_verified", user.id)
    return user.id
