"""Verify credentials without revealing which accounts exist."""

from dataclasses import replace

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.errors import WRONG_PASSWORD, Rejected
from flask_watchword.accounts.one_time_codes import InvalidCode, Purpose, code_digest
from flask_watchword.accounts.passwords import Passwords
from flask_watchword.accounts.user_store import UserStore
from flask_watchword.accounts.users import User


class WrongPassword(Rejected):
    """A wrong password, or one that has just been replaced."""

    def __init__(self) -> None:
        # Not 401: the token is valid, and another one would not help.
        super().__init__(WRONG_PASSWORD, "The password is wrong")


def authenticate(
    users: UserStore,
    passwords: Passwords,
    email: str,
    password: str,
    *,
    verified_only: bool = False,
) -> User | None:
    """Return the user with this e-mail address and password, otherwise ``None``.

    An unknown address and a disabled user cost the same hash as a wrong password: neither the
    result nor its time reveals which addresses have an account. A hash with older parameters, or of
    other software, is renewed here, because only here the password is available; until then
    verifying it takes as long as in the other software.

    Args:
        users: the user store.
        passwords: verifies the hash.
        email: the user's address, in any spelling.
        password: the entered password.
        verified_only: whether a user whose address is not verified is treated as a wrong password.
            Otherwise anyone could register an address and log in: whether that works reveals
            whether the address had an account before.

    Raises:
        HasherOverloaded: if no core became free in time.
    """
    user = users.by_email(email_key(email))
    return _verified(users, passwords, user, password, verified_only=verified_only)


def confirm_password(accounts: Accounts, user_id: str, password: str) -> User:
    """Return the user with this id if the password is correct.

    Changes that a stolen session alone must not allow require it: a new address, a new password,
    the deletion of the account.

    Raises:
        WrongPassword: when the password is wrong.
        HasherOverloaded: when no CPU core became free in time.
    """
    found = accounts.users.by_id(user_id)
    user = _verified(accounts.users, accounts.passwords, found, password)
    if user is None:
        raise WrongPassword
    return user


def confirm_code(accounts: Accounts, code: str, purpose: Purpose, password: str) -> None:
    """Check that the holder of a code also knows the password of the account that it is for.

    By the code alone, the owner of a mailbox could confirm by mistake an account that another
    person has registered with their address; that person chose the password and would keep
    access: the "trojan identifier" attack (Sudhodanan and Paverd, Pre-hijacked accounts, 2022).

    Raises:
        InvalidCode: when the code is invalid; it is not used up here.
        WrongPassword: when the password is wrong.
        HasherOverloaded: when no CPU core became free in time.
    """
    found = accounts.codes.find(code_digest(code), purpose.name, accounts.clock())
    user = accounts.users.by_id(found.subject) if found else None
    if found is None or user is None or user.version != found.version:
        raise InvalidCode
    confirm_password(accounts, user.id, password)


def _verified(
    users: UserStore,
    passwords: Passwords,
    user: User | None,
    password: str,
    *,
    verified_only: bool = False,
) -> User | None:
    if user is None:
        passwords.verify_decoy(password)
        return None
    if not passwords.verify(user.password_hash, password) or user.is_disabled:
        return None
    if verified_only and user.email_verified_at is None:
        return None
    if passwords.needs_rehash(user.password_hash):
        return _with_renewed_hash(users, passwords, user, password)
    return user


def _with_renewed_hash(users: UserStore, passwords: Passwords, user: User, password: str) -> User:
    renewed = passwords.hash(password)
    if users.replace_password_hash(user.id, user.password_hash, renewed):
        return replace(user, password_hash=renewed)
    return user
