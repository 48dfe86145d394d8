"""Create an account, and e-mail a code that verifies its address."""

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.emails import check_email
from flask_watchword.accounts.transaction import Transaction
from flask_watchword.accounts.user_store import EmailTaken
from flask_watchword.accounts.users import User, new_user
from flask_watchword.service.features.email_verification.flow import VERIFY_EMAIL

ALREADY_REGISTERED = "already_registered"


def register(accounts: Accounts, email: str, password: str, *, send_email: bool = True) -> None:
    """Create an account and e-mail a code that verifies its address.

    Where an account exists nothing changes, and its owner gets a notification. Both cases cost
    the same hash and end the same way: only the mailbox shows which it was.

    Args:
        accounts: the accounts.
        email: the address.
        password: the password.
        send_email: whether an e-mail is sent; if not, a code can be requested later.

    Raises:
        InvalidEmail: when the address cannot receive e-mail.
        UnacceptablePassword: when the policy rejects the password.
        HasherOverloaded: when no CPU core became free in time.
    """
    shown = check_email(email)
    password_hash = accounts.hash_new_password(None, shown, password)
    user = new_user(shown, password_hash, accounts.clock())
    accounts.transaction(lambda tx: _add(tx, user), send_email=send_email)


def _add(tx: Transaction, user: User) -> None:
    try:
        tx.users.add(user)
    except EmailTaken:
        tx.put_decoy_code(user.email, VERIFY_EMAIL)
        tx.notify(ALREADY_REGISTERED, tx.users.by_email(user.email_key))
        tx.audit("registered_again")
        return
    tx.mail_code(user, VERIFY_EMAIL, user.email)
    tx.audit("registered", user.id)
