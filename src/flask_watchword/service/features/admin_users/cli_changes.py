"""``watchword user``: show, change and delete one account."""

from typing import TYPE_CHECKING

import click

from flask_watchword.cli.admin_context import (
    ACTOR,
    admin_context,
    find_user,
    user_argument,
)
from flask_watchword.cli.failures import Code, Failure
from flask_watchword.cli.options import database_option
from flask_watchword.cli.output import json_option, print_object, print_outcome
from flask_watchword.cli.password_prompt import ask_password
from flask_watchword.cli.prompts import confirm

if TYPE_CHECKING:
    from flask_watchword.accounts.users import User


@click.command()
@user_argument
@database_option
@json_option
def show(email_or_id: str, database: str | None, as_json: bool) -> None:
    """Show a user, without secrets."""
    with admin_context(database) as context:
        from flask_watchword.service.features.admin_users.user_table import members_of, show_user

        found = find_user(context, email_or_id)
    if as_json:
        print_object(members_of(found))
    else:
        show_user(found)


@click.command()
@user_argument
@database_option
@json_option
def disable(email_or_id: str, database: str | None, as_json: bool) -> None:
    """Disable a user: logins are rejected, and every session ends."""
    changed = _change(database, email_or_id, disabled=True)
    _print_user(changed, f"{changed.email} is disabled.", as_json=as_json)


@click.command()
@user_argument
@database_option
@json_option
def enable(email_or_id: str, database: str | None, as_json: bool) -> None:
    """Enable a disabled user, who can then log in again."""
    changed = _change(database, email_or_id, disabled=False)
    _print_user(changed, f"{changed.email} may log in.", as_json=as_json)


@click.command()
@user_argument
@click.argument("roles", nargs=-1, metavar="[ROLE]...")
@click.option("--none", "none", is_flag=True, help="Remove all roles.")
@database_option
@json_option
def roles(
    email_or_id: str, roles: tuple[str, ...], none: bool, database: str | None, as_json: bool
) -> None:
    """Set a user's roles, replacing the current ones; without arguments, show them.

    `admin` is the administrators' role. If a role is removed, every session ends.
    """
    _set_names(database, email_or_id, "roles", roles, none=none, as_json=as_json)


@click.command()
@user_argument
@click.argument("scopes", nargs=-1, metavar="[SCOPE]...")
@click.option("--none", "none", is_flag=True, help="Remove all scopes.")
@database_option
@json_option
def scopes(
    email_or_id: str, scopes: tuple[str, ...], none: bool, database: str | None, as_json: bool
) -> None:
    """Set a user's scopes, replacing the current ones; without arguments, show them."""
    _set_names(database, email_or_id, "scopes", scopes, none=none, as_json=as_json)


@click.command("set-password")
@user_argument
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@database_option
@json_option
def set_password(
    email_or_id: str, password_stdin: bool, database: str | None, as_json: bool
) -> None:
    """Set a user's password; prompts for it twice. Every session ends."""
    with admin_context(database) as context:
        from flask_watchword.service.features.admin_users import flow

        found = find_user(context, email_or_id)
        password = ask_password(found.email, context.settings, from_stdin=password_stdin)
        password_hash = context.passwords.hash(password)
        done = flow.set_password(context.accounts, ACTOR, found, password_hash)
        if not done:
            raise Failure(
                Code.CHANGED_MEANWHILE, f"{found.email} was changed concurrently", "try again"
            )
        found = find_user(context, found.id)
    _print_user(found, f"The password of {found.email} is changed.", as_json=as_json)


@click.command()
@user_argument
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@database_option
@json_option
def delete(email_or_id: str, yes: bool, database: str | None, as_json: bool) -> None:
    """Delete a user permanently, with all of their data."""
    with admin_context(database) as context:
        from flask_watchword.service.features.delete_account.flow import delete_user

        found = find_user(context, email_or_id)
        if not yes:
            confirm(f"Delete {found.email} permanently?", instead="--yes")
        delete_user(context.accounts, found.id, actor=ACTOR)
    _print_user(found, f"{found.email} is deleted.", as_json=as_json)


#: The commands that ``main`` adds to the group ``user``.
COMMANDS = (show, disable, enable, roles, scopes, set_password, delete)


def _set_names(
    database: str | None,
    email_or_id: str,
    kind: str,
    names: tuple[str, ...],
    *,
    none: bool,
    as_json: bool,
) -> None:
    if names and none:
        raise click.UsageError(f"use either {kind} or --none, not both")
    if not names and not none:
        with admin_context(database) as context:
            found = find_user(context, email_or_id)
    else:
        roles = frozenset(names) if kind == "roles" else None
        scopes = frozenset(names) if kind == "scopes" else None
        found = _change(database, email_or_id, roles=roles, scopes=scopes)
    current: frozenset[str] = getattr(found, kind)
    sentence = f"{found.email} has no {kind}."
    if current:
        sentence = f"{found.email} has {kind}: {' '.join(sorted(current))}"
    _print_user(found, sentence, as_json=as_json)


def _print_user(user: "User", sentence: str, *, as_json: bool) -> None:
    from flask_watchword.service.features.admin_users.user_table import members_of

    print_outcome(sentence, members_of(user), as_json=as_json)


def _change(
    database: str | None,
    email_or_id: str,
    *,
    roles: frozenset[str] | None = None,
    scopes: frozenset[str] | None = None,
    disabled: bool | None = None,
) -> "User":
    with admin_context(database) as context:
        from flask_watchword.service.features.admin_users import flow

        change = flow.UserChange(roles, scopes, disabled)
        return flow.change_user(context.accounts, ACTOR, find_user(context, email_or_id), change)
