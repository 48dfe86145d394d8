"""What those who administer do with the accounts of others; each step is in the audit log."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask_watchword.accounts.accounts import Accounts, mail_code
from flask_watchword.accounts.admins import (
    ADMIN,
    NoSuchUser,
    refuse_last_admin,
    remove_user,
)
from flask_watchword.accounts.audit import Detail, Event, new_event
from flask_watchword.accounts.one_time_codes import Purpose
from flask_watchword.accounts.transaction import AccountStores
from flask_watchword.accounts.users import User, check_names


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who administers, as the audit log has it.

    Attributes:
        id: the user's; or what did it where nobody is signed in, ``command line``.
        session: of which session the request was; empty where of none.
        address: where it came from.
        agent: its User-Agent.
    """

    id: str
    session: str = ""
    address: str = ""
    agent: str = ""

    def event(self, name: str, at: float, subject: str, **detail: Detail) -> Event:
        """Return an event: what this administrator did to whom."""
        return new_event(
            name,
            at,
            subject=subject,
            session=self.session,
            address=self.address,
            agent=self.agent,
            actor=self.id,
            **detail,
        )


@dataclass(frozen=True, slots=True)
class UserChange:
    """What becomes of a user; ``None`` leaves things as they are.

    Attributes:
        roles: these and no others.
        scopes: these and no others.
        disabled: whether the user is refused everywhere.
    """

    roles: frozenset[str] | None = None
    scopes: frozenset[str] | None = None
    disabled: bool | None = None

    @property
    def may_take_admin_away(self) -> bool:
        """Tell whether an admin would be none afterwards."""
        return self.disabled is True or (self.roles is not None and ADMIN not in self.roles)

    def takes_away_from(self, user: User) -> bool:
        """Tell whether tokens of the user say more afterwards than is true: they have to end."""
        lost_roles = self.roles is not None and not user.roles <= self.roles
        lost_scopes = self.scopes is not None and not user.scopes <= self.scopes
        return self.disabled is True or lost_roles or lost_scopes


def add_user(stores: AccountStores, by: Administrator, user: User, now: float) -> None:
    """Keep a new user whose password somebody has chosen already.

    Args:
        stores: of one change.
        by: who does it.
        user: who is added.
        now: seconds since the epoch.

    Raises:
        InvalidName: when a role or a scope cannot be one.
        EmailTaken: when there is an account with this address.
    """
    check_names(user.roles)
    check_names(user.scopes)
    stores.users.add(user)
    stores.audit.append([by.event("user_added", now, user.id, **_names(user))])


def invite_user(accounts: Accounts, stores: AccountStores, by: Administrator, user: User) -> None:
    """Keep a new user, and mail a code by which they choose their password.

    The code is single-use, and no code that the user or a stranger requests invalidates it.

    Args:
        accounts: over ``stores``.
        stores: of one change: there is no user without the letter.
        by: who does it.
        user: whose password nobody knows.

    Raises:
        InvalidName: when a role or a scope cannot be one.
        EmailTaken: when there is an account with this address.
    """
    add_user(stores, by, user, accounts.clock())
    mail_code(accounts, user, Purpose.SET_PASSWORD, user.email)


def change_user(
    stores: AccountStores, by: Administrator, user_id: str, change: UserChange, now: float
) -> User:
    """Give a user other roles or scopes, or refuse them from now on, or not any more.

    Args:
        stores: of one change.
        by: who does it.
        user_id: whom.
        change: what is to be otherwise.
        now: seconds since the epoch.

    Returns:
        The user as they are then.

    Raises:
        NoSuchUser: when there is none.
        InvalidName: when a role or a scope cannot be one.
        LastAdmin: when nobody could administer any more.
    """
    if change.may_take_admin_away:
        refuse_last_admin(stores.users, user_id)
    before = _found(stores.users.by_id(user_id))
    events = [
        by.event(name, now, user_id, **detail)
        for name, detail in _changes(stores, before, change, now)
    ]
    stores.audit.append(events)
    return _found(stores.users.by_id(user_id))


def set_password(
    stores: AccountStores, by: Administrator, user: User, password_hash: str, now: float
) -> bool:
    """Give a user another password, which ends what was sent to them before.

    Returns whether it did: not when the user is another one by now.
    """
    if not stores.users.set_password(user.id, password_hash, now, user.version):
        return False
    stores.codes.forget(user.id)
    stores.audit.append([by.event("password_set", now, user.id)])
    return True


def delete_user(stores: AccountStores, by: Administrator, user_id: str, now: float) -> User:
    """Forget a user for good; return who was there.

    Raises:
        NoSuchUser: when there is none.
        LastAdmin: when nobody could administer any more.
    """
    user = remove_user(stores, user_id)
    stores.audit.append([by.event("user_deleted", now, user_id)])
    return user


def _changes(
    stores: AccountStores, before: User, change: UserChange, now: float
) -> Iterator[tuple[str, dict[str, Detail]]]:
    users, user_id = stores.users, before.id
    if change.roles is not None and change.roles != before.roles:
        users.set_roles(user_id, check_names(change.roles))
        yield "roles_changed", {"roles": _text(change.roles), "before": _text(before.roles)}
    if change.scopes is not None and change.scopes != before.scopes:
        users.set_scopes(user_id, check_names(change.scopes))
        yield "scopes_changed", {"scopes": _text(change.scopes), "before": _text(before.scopes)}
    if change.disabled is True and users.disable(user_id, now):
        yield "user_disabled", {}
    if change.disabled is False and users.enable(user_id):
        yield "user_enabled", {}


def _names(user: User) -> dict[str, Detail]:
    return {"roles": _text(user.roles), "scopes": _text(user.scopes)}


def _text(names: frozenset[str]) -> str:
    return " ".join(sorted(names))


def _found(user: User | None) -> User:
    if user is None:
        raise NoSuchUser
    return user
