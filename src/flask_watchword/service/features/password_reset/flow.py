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
from flask_watchword.accounts.api_keys import api_keys_of, revoke_api_keys, shown_in_mail
from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.notifications import NotificationKind
from flask_watchword.accounts.one_time_codes import (
    PASSWORD_PURPOSES,
    InvalidCode,
    OneTimeCode,
    Purpose,
    code_digest,
)
from flask_watchword.accounts.users import User


def forgot(accounts: Accounts, email: str) -> Accepted:
    """Mail a code that is good for another password, where there is an account.

    Known, unknown and disabled cost the same steps and come to the same.
    """
    return accounts.change(lambda stores: _mail(stores, email))


def reset(
    accounts: Accounts, code: str, password: str, *, revoke_keys: bool = False
) -> PasswordSet:
    """Set the password of the user who has this code; no session is started.

    The code is one that the user requested, one that an admin sent, or an invitation. It is used
    up last: a password that is refused does not cost it. Its holder reads the user's mail, so the
    address counts as verified.

    API keys outlive a password. A user who resets a stolen one may revoke all of them at once; the
    notice lists them in either case.

    Args:
        accounts: the stores and rules.
        code: the text of the code.
        password: the new password.
        revoke_keys: whether every API key and client is revoked.

    Raises:
        UnacceptablePassword: when nobody should choose the password.
        InvalidCode: when the code is not good.
        HashingBusy: when no core became free in time.
    """
    found = _password_code(accounts, code)
    expected = accounts.users.by_id(found.subject) if found else None
    email = expected.email if expected else ""
    password_hash = checked_hash(accounts, expected, email, password)
    if found is None:
        raise InvalidCode
    return accounts.change(
        lambda stores: _replace(stores, code, found.purpose, password_hash, revoke_keys=revoke_keys)
    )


def owner_of_code(accounts: Accounts, code: str) -> User | None:
    """Return the user whose password this code sets; the code is not used up."""
    found = _password_code(accounts, code)
    return accounts.users.by_id(found.subject) if found else None


def _password_code(accounts: Accounts, text: str) -> OneTimeCode | None:
    digest, now = code_digest(text), accounts.clock()
    found = (accounts.codes.find(digest, purpose, now) for purpose in PASSWORD_PURPOSES)
    return next(filter(None, found), None)


def _mail(accounts: Accounts, email: str) -> Accepted:
    user = accounts.users.by_email(email_key(email))
    if user is None or user.is_disabled:
        mail_nothing(accounts, email, Purpose.RESET_PASSWORD)
        return Accepted()
    mail_code(accounts, user, Purpose.RESET_PASSWORD, user.email)
    return Accepted(user.id)


def _replace(
    accounts: Accounts, code: str, purpose: Purpose, password_hash: str, *, revoke_keys: bool
) -> PasswordSet:
    user, _ = redeem(accounts, code, purpose)
    now = accounts.clock()
    if not accounts.users.set_password(user.id, password_hash, now, user.version):
        raise InvalidCode
    accounts.users.verify_email(user.id, user.email_key, now)
    accounts.codes.forget(user.id)
    keys = api_keys_of(accounts, user.id)
    if revoke_keys:
        keys = revoke_api_keys(accounts, keys)
    about = "revoked" if revoke_keys else ""
    notify(
        accounts, NotificationKind.PASSWORD_CHANGED, user, about=about, items=shown_in_mail(keys)
    )
    return PasswordSet(user.id, may_keep_session=False, api_keys=tuple(keys))
