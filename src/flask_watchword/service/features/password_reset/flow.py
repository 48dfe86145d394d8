"""Reset a password with an e-mailed one-time code."""

from collections.abc import Sequence

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.api_keys import api_keys_of, revoke_api_keys, template_values
from flask_watchword.accounts.api_tokens import ApiToken
from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.notifications import PASSWORD_CHANGED
from flask_watchword.accounts.one_time_codes import InvalidCode, OneTimeCode, Purpose, code_digest
from flask_watchword.accounts.transaction import Transaction
from flask_watchword.accounts.users import User
from flask_watchword.service.configuration import values
from flask_watchword.service.configuration.setting import Setting
from flask_watchword.service.features.email_verification.flow import VERIFY_EMAIL_SECONDS

#: The lifetime of a code that the user or an administrator requests.
RESET_PASSWORD_SECONDS = Setting(
    "reset_password_seconds",
    values.whole_number(60, 24 * 60 * 60),
    15 * 60,
    "lifetime of a code that resets a password",
)
#: Requested by anyone who knows the address.
RESET_PASSWORD = Purpose(
    "reset_password", RESET_PASSWORD_SECONDS.default, notification="reset_password"
)
#: Sent by an administrator.
ADMIN_RESET = Purpose("admin_reset", RESET_PASSWORD_SECONDS.default, notification="reset_password")
#: The invitation of a new user.
SET_PASSWORD = Purpose("set_password", VERIFY_EMAIL_SECONDS.default, notification="set_password")

#: The purposes whose code sets the password of an existing account.
_PURPOSES = (RESET_PASSWORD, ADMIN_RESET, SET_PASSWORD)


def request_reset(accounts: Accounts, email: str, *, send_email: bool) -> None:
    """E-mail a code that resets the password, where there is an account.

    Known, unknown and disabled accounts cost the same steps and end the same way.

    Args:
        accounts: the accounts.
        email: the address, as the client sent it.
        send_email: whether an e-mail is sent; if not, the steps cost the same, and a code that was
            sent before stays valid.
    """
    accounts.transaction(lambda tx: _send_code(tx, email, send_email=send_email))


def reset_password(
    accounts: Accounts, code: str, password: str, *, revoke_keys: bool = False
) -> tuple[User, Sequence[ApiToken]]:
    """Set the password of the user who has this code. No session is started, and all others end.

    The code is one that the user requested, one that an administrator sent, or an invitation. It
    is used up last: a password that is rejected does not cost it. Its holder reads the user's
    e-mail, so the address counts as verified.

    API keys stay valid after a new password. A user who fears that one was stolen can revoke all
    of them; the notification lists them in either case.

    Args:
        accounts: the accounts.
        code: the text of the code.
        password: the new password.
        revoke_keys: whether every API key and client of the account is revoked.

    Returns:
        The user, and the API keys and clients as they are now.

    Raises:
        UnacceptablePassword: when the policy rejects the password.
        InvalidCode: when the code is invalid.
        HasherOverloaded: when no CPU core became free in time.
    """
    found = _find(accounts, code)
    owner = accounts.users.by_id(found.subject) if found else None
    email = owner.email if owner else ""
    # Also without a valid code, so that the response time says nothing about the code.
    password_hash = accounts.hash_new_password(owner, email, password)
    if found is None or owner is None:
        raise InvalidCode
    with accounts.end_access(owner.id):
        keys = accounts.transaction(
            lambda tx: _set_password(tx, found, password_hash, revoke_keys=revoke_keys)
        )
    return owner, keys


def _send_code(tx: Transaction, email: str, *, send_email: bool) -> None:
    user = tx.users.by_email(email_key(email)) if send_email else None
    if user is None or user.is_disabled:
        tx.simulate_mail_code(email, RESET_PASSWORD)
        tx.audit("password_reset_requested")
        return
    tx.mail_code(user, RESET_PASSWORD, user.email)
    tx.audit("password_reset_requested", user.id)


def _find(accounts: Accounts, text: str) -> OneTimeCode | None:
    digest, now = code_digest(text), accounts.clock()
    found = (accounts.codes.find(digest, purpose.name, now) for purpose in _PURPOSES)
    return next(filter(None, found), None)


def _set_password(
    tx: Transaction, code: OneTimeCode, password_hash: str, *, revoke_keys: bool
) -> Sequence[ApiToken]:
    user = tx.redeem_found(code)
    if not tx.users.set_password(user.id, password_hash, tx.now, user.version):
        raise InvalidCode
    tx.users.verify_email(user.id, user.email_key, tx.now)
    tx.codes.forget(user.id)
    keys: Sequence[ApiToken] = api_keys_of(tx, user.id)
    tx.audit("password_reset", user.id)
    if revoke_keys:
        keys = revoke_api_keys(tx, keys)
    about = "revoked" if revoke_keys else ""
    tx.notify(PASSWORD_CHANGED, user, about=about, items=template_values(keys))
    return keys
