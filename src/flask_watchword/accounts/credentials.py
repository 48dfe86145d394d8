"""Find out whether somebody is who they say, and tell nothing else."""

from dataclasses import replace

from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.passwords import Passwords
from flask_watchword.accounts.user_store import UserStore
from flask_watchword.accounts.users import User


def authenticate(
    users: UserStore,
    passwords: Passwords,
    email: str,
    password: str,
    *,
    verified_only: bool = False,
) -> User | None:
    """Return the user whose e-mail address and password these are, otherwise ``None``.

    An unknown address and a disabled user cost the same hash as a wrong password: neither the
    answer nor the time it takes tells which addresses have an account. A hash made with older
    parameters, or by other software, is renewed here, the only moment the password is at hand;
    until then verifying it takes the time that the other software chose.

    Args:
        users: where users are kept.
        passwords: verifies.
        email: of the user, in any spelling.
        password: that was entered.
        verified_only: whether a user whose address is not verified counts as a wrong password.
            Otherwise a stranger could register an address and log in: whether the password is
            right tells whether that address had an account before.

    Raises:
        HashingBusy: when no core became free in time.
    """
    user = users.by_email(email_key(email))
    return _verified(users, passwords, user, password, verified_only=verified_only)


def reauthenticate(
    users: UserStore, passwords: Passwords, user_id: str, password: str
) -> User | None:
    """Return the user with this id if the password is theirs, otherwise ``None``.

    For what a stolen session must not be enough for: another address, another password, the end
    of the account.

    Raises:
        HashingBusy: when no core became free in time.
    """
    return _verified(users, passwords, users.by_id(user_id), password)


def _verified(
    users: UserStore,
    passwords: Passwords,
    user: User | None,
    password: str,
    *,
    verified_only: bool = False,
) -> User | None:
    if user is None:
        passwords.verify_nobody(password)
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
