"""The first admin, made by a code that whoever starts the service is shown once."""

from flask_watchword.accounts.accounts import Accounts, checked_hash
from flask_watchword.accounts.admins import ADMIN
from flask_watchword.accounts.emails import check_email
from flask_watchword.accounts.one_time_codes import (
    CodeLifetimes,
    InvalidCode,
    Purpose,
    code_digest,
    new_code,
)
from flask_watchword.accounts.transaction import AccountStores
from flask_watchword.accounts.users import User, new_user

#: Whom the code is for, who is nobody yet: no user has this id.
_NOBODY_YET = User("setup", "", "", "", 0.0)


def offer_setup(stores: AccountStores, now: float) -> str | None:
    """Return the text of a code by which the first admin is made; it is kept nowhere.

    ``None`` where there is an admin, and where a code is good that was given out before: of
    several who start at once one gets it.

    Args:
        stores: where accounts are.
        now: seconds since the epoch.
    """
    if stores.users.hold_role(ADMIN):
        return None
    text, code = new_code(_NOBODY_YET, Purpose.SETUP, "", now, CodeLifetimes())
    return text if stores.codes.put_first(code, now) else None


def check_setup(accounts: Accounts, code: str) -> None:
    """Check that the first admin can be made by a code; nothing is changed.

    Raises:
        InvalidCode: when the code is not good, or there is an admin by now.
    """
    # The code first: who has none learns nothing, and to look for an admin reads every account.
    if accounts.codes.find(code_digest(code), Purpose.SETUP, accounts.clock()) is None:
        raise InvalidCode
    if accounts.users.hold_role(ADMIN):
        raise InvalidCode


def set_up(accounts: Accounts, code: str, email: str, password: str) -> User:
    """Make the first admin, whose address counts as verified: who has the code runs the service.

    Raises:
        InvalidCode: when the code is not good, or there is an admin by now.
        InvalidEmail: when no mail could be sent to the address.
        UnacceptablePassword: when nobody should choose the password.
        EmailTaken: when there is an account with this address; the code stays good.
        HashingBusy: when no core became free in time.
    """
    # Before a hash is spent on it; it is used up last.
    if accounts.codes.find(code_digest(code), Purpose.SETUP, accounts.clock()) is None:
        raise InvalidCode
    shown = check_email(email)
    password_hash = checked_hash(accounts, None, shown, password)
    user = new_user(shown, password_hash, accounts.clock())
    return accounts.change(lambda stores: _add(stores, code, user))


def _add(accounts: Accounts, code: str, user: User) -> User:
    now = accounts.clock()
    if accounts.codes.take(code_digest(code), Purpose.SETUP, now) is None:
        raise InvalidCode
    if accounts.users.hold_role(ADMIN):
        raise InvalidCode
    accounts.users.add(user)
    accounts.users.verify_email(user.id, user.email_key, now)
    accounts.users.set_roles(user.id, frozenset({ADMIN}))
    return user
