"""Get back into an account whose password is lost, by a code in the mail."""

from flask_watchword.accounts.accounts import (
    Accepted,
    Accounts,
    PasswordSet,
    checked_hash,
    mail_code,
    mail_nothing,
    notify,
    redeem,
)
from flask_watchword.accounts.codes import CodeRefused, Purpose, code_digest
from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.letters import LetterKind
from flask_watchword.accounts.users import User


def forgot(accounts: Accounts, email: str) -> Accepted:
    """Mail a code that is good for another password, where there is an account.

    Known, unknown and disabled cost the same steps and come to the same.
    """
    return accounts.change(lambda stores: _mail(stores, email))


def reset(accounts: Accounts, code: str, password: str) -> PasswordSet:
    """Give the user who has this code another password; nobody is signed in by that.

    The code is used up last: a password that is refused does not cost it. Whoever has it reads
    the user's mail, so the address counts as verified.

    Raises:
        UnacceptablePassword: when nobody should choose the password.
        CodeRefused: when the code is not good.
        HashingBusy: when no core became free in time.
    """
    expected = owner_of_code(accounts, code)
    email = expected.email if expected else ""
    password_hash = checked_hash(accounts, expected, email, password)
    return accounts.change(lambda stores: _replace(stores, code, password_hash))


def owner_of_code(accounts: Accounts, code: str) -> User | None:
    """Return whose code for another password this is; it stays as good as it was."""
    found = accounts.codes.find(code_digest(code), Purpose.RESET_PASSWORD, accounts.clock())
    return accounts.users.by_id(found.subject) if found else None


def _mail(accounts: Accounts, email: str) -> Accepted:
    user = accounts.users.by_email(email_key(email))
    if user is None or user.is_disabled:
        mail_nothing(accounts, email, Purpose.RESET_PASSWORD)
        return Accepted()
    mail_code(accounts, user, Purpose.RESET_PASSWORD, user.email)
    return Accepted(user.id)


def _replace(accounts: Accounts, code: str, password_hash: str) -> PasswordSet:
    user, _ = redeem(accounts, code, Purpose.RESET_PASSWORD)
    now = accounts.clock()
    if not accounts.users.set_password(user.id, password_hash, now, user.version):
        raise CodeRefused
    accounts.users.verify_email(user.id, user.email_key, now)
    accounts.codes.forget(user.id)
    notify(accounts, LetterKind.PASSWORD_CHANGED, user)
    return PasswordSet(user.id, may_keep_session=False)
