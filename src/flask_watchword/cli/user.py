"""``watchword user``: accounts, from the command line."""

import sys
from typing import TYPE_CHECKING

import click

from flask_watchword.cli.options import database_option
from flask_watchword.cli.upkeep import one_line_store_failures, refuse_missing_file

if TYPE_CHECKING:
    from flask_watchword.accounts.store import UserStore


@click.group()
def user() -> None:
    """Add and list accounts."""


@user.command()
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@database_option
def add(email: str, password_stdin: bool, database: str | None) -> None:
    """Add an account; asks for its password twice, without showing it."""
    with one_line_store_failures():
        # Here and not above: these bring Flask and SQLAlchemy.
        from flask_watchword.service.settings import read_settings
        from flask_watchword.service.stores import opened_users, prepare_database

        settings = read_settings(database=database, demo=False)
        _check_email(email)
        prepare_database(settings)
        with opened_users(settings) as users:
            _refuse_duplicate(users, email)
            _add(users, email, _password(email, password_stdin))
    click.echo(f"Added {email.strip()}.")


@user.command("list")
@database_option
def list_users(database: str | None) -> None:
    """List the accounts, in the order of their e-mail addresses."""
    with one_line_store_failures():
        # Here and not above: these bring Flask and SQLAlchemy.
        from flask_watchword.cli.user_table import show_users
        from flask_watchword.service.settings import read_settings
        from flask_watchword.service.stores import opened_users

        settings = read_settings(database=database)
        refuse_missing_file(settings.database)
        with opened_users(settings) as users:
            show_users(users)


def _check_email(email: str) -> None:
    from flask_watchword.accounts.emails import InvalidEmail, check_email

    try:
        check_email(email)
    except InvalidEmail as error:
        raise click.ClickException(f"{email!r} is refused: {error}") from error


def _password(email: str, from_stdin: bool) -> str:
    # Here and not above: this brings argon2 and a dictionary.
    from flask_watchword.accounts.new_passwords import UnacceptablePassword, check_new_password

    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt(
            "Password", type=str, hide_input=True, confirmation_prompt="Once more"
        )
    try:
        check_new_password(password, about=[email])
    except UnacceptablePassword as error:
        raise click.ClickException(f"the password is refused: {error}") from error
    return password


def _refuse_duplicate(users: "UserStore", email: str) -> None:
    from flask_watchword.accounts.emails import email_key

    # Asked before the password is typed; the store decides again when the user is added.
    if users.by_email(email_key(email)) is not None:
        raise _taken(email)


def _add(users: "UserStore", email: str, password: str) -> None:
    from flask_watchword.accounts.passwords import Passwords
    from flask_watchword.accounts.store import EmailTaken
    from flask_watchword.accounts.users import new_user
    from flask_watchword.clock import system_clock

    try:
        users.add(new_user(email, Passwords().hash(password), system_clock()))
    except EmailTaken as error:
        raise _taken(email) from error


def _taken(email: str) -> click.ClickException:
    return click.ClickException(f"there is an account for {email.strip()} already")
