"""What becomes of a user at the hands of who administers, with the sessions that end by it."""

import contextlib

from flask_watchword.accounts.admins import refuse_last_admin
from flask_watchword.accounts.transaction import AccountStores
from flask_watchword.accounts.users import User
from flask_watchword.clock import system_clock
from flask_watchword.service.account_transactions import sessions_ended
from flask_watchword.service.api_token_access import clients_in
from flask_watchword.service.context import service_context
from flask_watchword.service.features.admin_users import flow as administration
from flask_watchword.service.features.admin_users.flow import Administrator, UserChange


def change_user(by: Administrator, user: User, change: UserChange) -> User:
    """Change a user, and return them as they are then.

    Raises:
        LastAdmin: when nobody could administer any more; no session has ended then.
        NoSuchUser: when the user is gone by now.
        InvalidName: when a role or a scope cannot be one.
        StoreUnavailable: when a store does not answer.
    """
    accounts = service_context().stores.accounts
    if change.may_take_admin_away:
        # Asked first, so that a refusal costs no session, and once more in the change.
        refuse_last_admin(accounts.stores.users, user.id)
    ending = change.takes_away_from(user)
    with sessions_ended(user.id) if ending else contextlib.nullcontext():
        return accounts.change(
            lambda stores: administration.change_user(stores, by, user.id, change, system_clock())
        )


def delete_user(by: Administrator, user: User) -> None:
    """Delete a user with all that is theirs.

    Raises:
        LastAdmin: when nobody could administer any more; no session has ended then.
        NoSuchUser: when the user is gone by now.
        StoreUnavailable: when a store does not answer.
    """
    accounts = service_context().stores.accounts
    refuse_last_admin(accounts.stores.users, user.id)
    with sessions_ended(user.id) as gone:

        def remove(stores: AccountStores) -> None:
            gone.extend(clients_in(stores.api_tokens, user.id))
            administration.delete_user(stores, by, user.id, system_clock())

        accounts.change(remove)
