"""Manage users as an administrator; each step is in the audit log."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.admins import ADMIN, NoSuchUser, refuse_last_admin
from flask_watchword.accounts.audit import Detail
from flask_watchword.accounts.transaction import Transaction
from flask_watchword.accounts.users import User, check_names
from flask_watchword.service.features.password_reset.flow import ADMIN_RESET, SET_PASSWORD


@dataclass(frozen=True, slots=True)
class UserChange:
    """A change of a user by an administrator; ``None`` leaves a value as it is.

    Attributes:
        roles: the new roles.
        scopes: the new scopes.
        disabled: whether the user is disabled.
    """

    roles: frozenset[str] | None = None
    scopes: frozenset[str] | None = None
    disabled: bool | None = None

    @property
    def may_take_admin_away(self) -> bool:
        """Tell whether the change can take the role ``admin`` from a user."""
        return self.disabled is True or (self.roles is not None and ADMIN not in self.roles)

    def takes_away_from(self, user: User) -> bool:
        """Tell whether the change takes a role, a scope or the access from the user."""
        lost_roles = self.roles is not None and not user.roles <= self.roles
        lost_scopes = self.scopes is not None and not user.scopes <= self.scopes
        return self.disabled is True or lost_roles or lost_scopes


def add_user(tx: Transaction, actor: str, user: User) -> None:
    """Add a user whose password is known already.

    Args:
        tx: the transaction.
        actor: the id of the administrator, or the name of the command, for the audit log.
        user: the new user.

    Raises:
        InvalidName: when the name of a role or a scope is invalid.
        EmailTaken: when an account with this address exists.
    """
    check_names(user.roles)
    check_names(user.scopes)
    tx.users.add(user)
    tx.audit("user_added", user.id, actor=actor, **_names(user))


def invite_user(tx: Transaction, actor: str, user: User) -> None:
    """Add a user, and e-mail a code with which the user chooses a password.

    The code is single-use, and no code that the user or a stranger requests invalidates it.

    Raises:
        InvalidName: when the name of a role or a scope is invalid.
        EmailTaken: when an account with this address exists.
    """
    add_user(tx, actor, user)
    tx.mail_code(user, SET_PASSWORD, user.email)


def send_password_reset(accounts: Accounts, actor: str, user: User) -> None:
    """E-mail a user a code that resets the password, and end every session.

    The current password stays valid until the code is used.
    """

    def send(tx: Transaction) -> None:
        tx.mail_code(user, ADMIN_RESET, user.email)
        tx.audit("password_reset_sent", user.id, actor=actor)

    with accounts.end_access(user.id):
        accounts.transaction(send)


def change_user(accounts: Accounts, actor: str, user: User, change: UserChange) -> User:
    """Change the roles or scopes of a user, or disable or enable the user; return the user.

    When the change takes something away, every session of the user ends.

    Raises:
        NoSuchUser: when the user has been deleted.
        InvalidName: when the name of a role or a scope is invalid.
        LastAdmin: when no user would have the role ``admin`` afterwards; no session has ended then.
    """
    if change.may_take_admin_away:
        # Before sessions end, so that a rejection ends none; and once more in the transaction.
        refuse_last_admin(accounts.users, user.id)
    if not change.takes_away_from(user):
        return accounts.transaction(lambda tx: _change(tx, actor, user.id, change))
    with accounts.end_access(user.id):
        return accounts.transaction(lambda tx: _change(tx, actor, user.id, change))


def set_password(accounts: Accounts, actor: str, user: User, password_hash: str) -> bool:
    """Give a user another password, invalidate e-mailed codes and end every session.

    Returns whether it did: not when the account has changed in between.
    """
    with accounts.end_access(user.id):
        return accounts.transaction(lambda tx: _set_password(tx, actor, user, password_hash))


def _change(tx: Transaction, actor: str, user_id: str, change: UserChange) -> User:
    if change.may_take_admin_away:
        refuse_last_admin(tx.users, user_id)
    before = _existing(tx.users.by_id(user_id))
    for event, detail in _changes(tx, before, change):
        tx.audit(event, user_id, actor=actor, **detail)
    return _existing(tx.users.by_id(user_id))


def _set_password(tx: Transaction, actor: str, user: User, password_hash: str) -> bool:
    if not tx.users.set_password(user.id, password_hash, tx.now, user.version):
        return False
    tx.codes.forget(user.id)
    tx.audit("password_set", user.id, actor=actor)
    return True


def _changes(
    tx: Transaction, before: User, change: UserChange
) -> Iterator[tuple[str, dict[str, Detail]]]:
    users, user_id = tx.users, before.id
    if change.roles is not None and change.roles != before.roles:
        users.set_roles(user_id, check_names(change.roles))
        yield "roles_changed", {"roles": _text(change.roles), "before": _text(before.roles)}
    if change.scopes is not None and change.scopes != before.scopes:
        users.set_scopes(user_id, check_names(change.scopes))
        yield "scopes_changed", {"scopes": _text(change.scopes), "before": _text(before.scopes)}
    if change.disabled is True and users.disable(user_id, tx.now):
        yield "user_disabled", {}
    if change.disabled is False and users.enable(user_id):
        yield "user_enabled", {}


def _names(user: User) -> dict[str, Detail]:
    return {"roles": _text(user.roles), "scopes": _text(user.scopes)}


def _text(names: frozenset[str]) -> str:
    return " ".join(sorted(names))


def _existing(user: User | None) -> User:
    if user is None:
        raise NoSuchUser
    return user
