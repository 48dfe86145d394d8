"""Verify credentials without revealing which accounts exist."""

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


def reauthenticate(
    users: UserStore, passwords: Passwords, user_id: str, password: str
) -> User | None:
    """Return the user with this id if the password is right, otherwise ``None``.

    For actions that a stolen session must not allow: changing the address or the password, deleting
    the account.

    Raises:
        HasherOverloaded: if no core became free in time.
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
