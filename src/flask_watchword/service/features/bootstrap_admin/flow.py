"""Create the first administrator with a one-time code that the start of the service prints."""

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.admins import ADMIN
from flask_watchword.accounts.emails import check_email
from flask_watchword.accounts.one_time_codes import InvalidCode, Purpose, code_digest, new_code
from flask_watchword.accounts.transaction import Repositories, Transaction
from flask_watchword.accounts.users import User, new_user

SETUP = Purpose("setup", 3600.0)

#: The owner of the code: no user has this id.
_FUTURE_ADMIN = User("setup", "", "", "", 0.0)


def offer_setup(repositories: Repositories, now: float) -> str | None:
    """Return the text of a new code that creates the first administrator; it is stored nowhere.

    Args:
        repositories: the accounts, in one transaction.
        now: seconds since the epoch.

    Returns:
        The code; ``None`` where there is an administrator, or where a code that was given out
        before is still valid. Of several nodes that start at once, one gets it.
    """
    if repositories.users.hold_admins():
        return None
    text, code = new_code(_FUTURE_ADMIN, SETUP, "", now)
    return text if repositories.codes.put_first(code, now) else None


def check_setup(accounts: Accounts, code: str) -> None:
    """Check that a code can create the first administrator; nothing is changed.

    Raises:
        InvalidCode: when the code is invalid, or there is an administrator by now.
    """
    # The code first: a client without one learns nothing, and the search for an administrator
    # reads every account.
    _check_code(accounts, code)
    if accounts.users.hold_admins():
        raise InvalidCode


def create_admin(accounts: Accounts, code: str, email: str, password: str) -> User:
    """Create the first administrator. The address counts as verified: the operator has the code.

    Raises:
        InvalidCode: when the code is invalid, or there is an administrator by now.
        InvalidEmail: when the address cannot receive e-mail.
        UnacceptablePassword: when the policy rejects the password.
        EmailTaken: when an account with this address exists; the code stays valid.
        HasherOverloaded: when no CPU core became free in time.
    """
    # Before a hash is spent on it; the code is used up last.
    _check_code(accounts, code)
    shown = check_email(email)
    password_hash = accounts.hash_new_password(None, shown, password)
    user = new_user(shown, password_hash, accounts.clock())
    return accounts.transaction(lambda tx: _add(tx, code, user))


def _check_code(accounts: Accounts, code: str) -> None:
    if accounts.codes.find(code_digest(code), SETUP.name, accounts.clock()) is None:
        raise InvalidCode


def _add(tx: Transaction, code: str, user: User) -> User:
    if tx.codes.take(code_digest(code), SETUP.name, tx.now) is None or tx.users.hold_admins():
        raise InvalidCode
    tx.users.add(user)
    tx.users.verify_email(user.id, user.email_key, tx.now)
    tx.users.set_roles(user.id, frozenset({ADMIN}))
    tx.audit("set_up", user.id)
    return user
