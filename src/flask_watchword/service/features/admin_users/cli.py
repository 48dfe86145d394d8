"""``watchword user``: add and list accounts."""

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from flask_watchword.cli.admin_context import ACTOR
from flask_watchword.cli.failures import Code, Failure
from flask_watchword.cli.options import database_option
from flask_watchword.cli.output import json_option, print_outcome
from flask_watchword.cli.password_prompt import ask_password
from flask_watchword.cli.schema_check import require_current_schema, require_database_file
from flask_watchword.cli.store_failures import one_line_store_failures

if TYPE_CHECKING:
    from flask_watchword.accounts.accounts import Accounts
    from flask_watchword.accounts.user_store import UserStore
    from flask_watchword.accounts.users import User


@click.group()
def user() -> None:
    """Add, list and change accounts."""


@user.command()
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option(
    "--role", "roles", multiple=True, help="A role of the user, such as `admin`; can be repeated."
)
@click.option("--scope", "scopes", multiple=True, help="A scope of the user; can be repeated.")
@database_option
@json_option
def add(
    email: str,
    password_stdin: bool,
    roles: tuple[str, ...],
    scopes: tuple[str, ...],
    database: str | None,
    as_json: bool,
) -> None:
    """Add an account; prompts for its password twice, without echoing it.

    The address counts as verified, because an administrator has entered it.
    """
    with one_line_store_failures():
        # Imported here because these load Flask and SQLAlchemy.
        from flask_watchword.service.load_settings import environment, read_settings
        from flask_watchword.service.stores import opened_accounts, refuse_demo

        settings = read_settings(environment(), database=database, demo=False)
        _check_email(email)
        require_current_schema(settings.database)
        refuse_demo(settings)
        with opened_accounts(settings) as accounts:
            _refuse_duplicate(accounts.users, email)
            password = ask_password(email, settings, from_stdin=password_stdin)
            added = _add(accounts, email, password, roles, scopes)
        from flask_watchword.service.features.admin_users.user_table import members_of

    print_outcome(f"Added {added.email}.", members_of(added), as_json=as_json)


@user.command("list")
@database_option
@click.option(
    "--search",
    metavar="TEXT",
    default="",
    help="Only addresses that contain this; begin with it, if it has one or two characters.",
)
@json_option
def list_users(database: str | None, search: str, as_json: bool) -> None:
    """List the accounts, sorted by e-mail address."""
    with one_line_store_failures():
        # Imported here because these load Flask and SQLAlchemy.
        from flask_watchword.service.features.admin_users.user_table import show_users
        from flask_watchword.service.load_settings import environment, read_settings
        from flask_watchword.service.stores import opened_users

        settings = read_settings(environment(), database=database)
        require_database_file(settings.database)
        with opened_users(settings) as users:
            show_users(users, search=search.casefold(), as_json=as_json)


def _check_email(email: str) -> None:
    from flask_watchword.accounts.emails import InvalidEmail, check_email

    try:
        check_email(email)
    except InvalidEmail as error:
        raise Failure(Code.INVALID_EMAIL, f"{email!r} is not valid: {error}") from error


def _refuse_duplicate(users: "UserStore", email: str) -> None:
    from flask_watchword.accounts.emails import email_key

    # Checked before the password prompt; the store checks again when the user is added.
    if users.by_email(email_key(email)) is not None:
        raise _taken(email)


def _add(
    accounts: "Accounts",
    email: str,
    password: str,
    roles: Collection[str],
    scopes: Collection[str],
) -> "User":
    from flask_watchword.accounts.user_store import EmailTaken
    from flask_watchword.accounts.users import InvalidName, new_user
    from flask_watchword.clock import system_clock
    from flask_watchword.service.features.admin_users.flow import add_user

    now = system_clock()
    added = replace(
        new_user(email, accounts.passwords.hash(password), now),
        roles=frozenset(roles),
        scopes=frozenset(scopes),
        email_verified_at=now,
    )
    try:
        accounts.transaction(lambda tx: add_user(tx, ACTOR, added))
    except EmailTaken as error:
        raise _taken(email) from error
    except InvalidName as error:
        raise Failure(Code.INVALID_NAME, str(error)) from error
    return added


def _taken(email: str) -> Failure:
    return Failure(Code.EMAIL_TAKEN, f"an account for {email.strip()} exists already")
