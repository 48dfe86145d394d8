"""``watchword user``: what becomes of one account."""

from typing import TYPE_CHECKING

import click

from flask_watchword.cli.admin_context import (
    administering,
    administrator,
    user_argument,
    user_of,
)
from flask_watchword.cli.failures import Code, Failure
from flask_watchword.cli.options import database_option
from flask_watchword.cli.output import json_option, print_done, print_object
from flask_watchword.cli.password_prompt import ask_password
from flask_watchword.cli.prompts import confirm

if TYPE_CHECKING:
    from flask_watchword.accounts.users import User


@click.command()
@user_argument
@database_option
@json_option
def show(who: str, database: str | None, as_json: bool) -> None:
    """Show what is known of a user, but for what is secret."""
    with administering(database) as parts:
        from flask_watchword.service.features.admin_users.user_table import members_of, show_user

        found = user_of(parts, who)
    if as_json:
        print_object(members_of(found))
    else:
        show_user(found)


@click.command()
@user_argument
@database_option
@json_option
def disable(who: str, database: str | None, as_json: bool) -> None:
    """Refuse a user everywhere from now on; every session ends."""
    changed = _change(database, who, disabled=True)
    _tell(changed, f"{changed.email} is disabled.", as_json=as_json)


@click.command()
@user_argument
@database_option
@json_option
def enable(who: str, database: str | None, as_json: bool) -> None:
    """Let a user log in again who was disabled."""
    changed = _change(database, who, disabled=False)
    _tell(changed, f"{changed.email} may log in.", as_json=as_json)


@click.command()
@user_argument
@click.argument("roles", nargs=-1, metavar="[ROLE]...")
@click.option("--none", "none", is_flag=True, help="Take all of them away.")
@database_option
@json_option
def roles(
    who: str, roles: tuple[str, ...], none: bool, database: str | None, as_json: bool
) -> None:
    """Give a user these roles and no others; without any, show those that they have.

    `admin` is the role of those who administer. Where one is taken away every session ends.
    """
    _names(database, who, "roles", roles, none=none, as_json=as_json)


@click.command()
@user_argument
@click.argument("scopes", nargs=-1, metavar="[SCOPE]...")
@click.option("--none", "none", is_flag=True, help="Take all of them away.")
@database_option
@json_option
def scopes(
    who: str, scopes: tuple[str, ...], none: bool, database: str | None, as_json: bool
) -> None:
    """Give a user these scopes and no others; without any, show those that they have."""
    _names(database, who, "scopes", scopes, none=none, as_json=as_json)


@click.command("set-password")
@user_argument
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@database_option
@json_option
def set_password(who: str, password_stdin: bool, database: str | None, as_json: bool) -> None:
    """Give a user another password, which is asked for twice; every session ends."""
    with administering(database) as parts:
        from flask_watchword.clock import system_clock
        from flask_watchword.service.account_transactions import sessions_ended
        from flask_watchword.service.features.admin_users import flow as administration

        found, by = user_of(parts, who), administrator()
        password = ask_password(found.email, parts.settings, from_stdin=password_stdin)
        password_hash = parts.passwords.hash(password)
        with sessions_ended(found.id):
            done = parts.stores.accounts.change(
                lambda stores: administration.set_password(
                    stores, by, found, password_hash, system_clock()
                )
            )
        if not done:
            raise Failure(
                Code.CHANGED_MEANWHILE, f"{found.email} was changed meanwhile", "try again"
            )
        found = user_of(parts, found.id)
    _tell(found, f"{found.email} has another password.", as_json=as_json)


@click.command()
@user_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@database_option
@json_option
def delete(who: str, yes: bool, database: str | None, as_json: bool) -> None:
    """Delete a user for good, with all that is theirs."""
    with administering(database) as parts:
        from flask_watchword.service.features.admin_users import changes as user_changes

        found = user_of(parts, who)
        if not yes:
            confirm(f"Delete {found.email} for good?", instead="--yes")
        user_changes.delete_user(administrator(), found)
    _tell(found, f"{found.email} is deleted.", as_json=as_json)


#: What is added to the group ``user``.
COMMANDS = (show, disable, enable, roles, scopes, set_password, delete)


def _names(
    database: str | None,
    who: str,
    kind: str,
    names: tuple[str, ...],
    *,
    none: bool,
    as_json: bool,
) -> None:
    if names and none:
        raise click.UsageError(f"give {kind} or --none, not both")
    if not names and not none:
        with administering(database) as parts:
            found = user_of(parts, who)
    else:
        roles = frozenset(names) if kind == "roles" else None
        scopes = frozenset(names) if kind == "scopes" else None
        found = _change(database, who, roles=roles, scopes=scopes)
    held: frozenset[str] = getattr(found, kind)
    some = f"{found.email} has {kind}: {' '.join(sorted(held))}"
    _tell(found, some if held else f"{found.email} has no {kind}.", as_json=as_json)


def _tell(user: "User", sentence: str, *, as_json: bool) -> None:
    from flask_watchword.service.features.admin_users.user_table import members_of

    print_done(sentence, members_of(user), as_json=as_json)


def _change(
    database: str | None,
    who: str,
    *,
    roles: frozenset[str] | None = None,
    scopes: frozenset[str] | None = None,
    disabled: bool | None = None,
) -> "User":
    with administering(database) as parts:
        from flask_watchword.service.features.admin_users import changes as user_changes
        from flask_watchword.service.features.admin_users.flow import UserChange

        change = UserChange(roles, scopes, disabled)
        return user_changes.change_user(administrator(), user_of(parts, who), change)
