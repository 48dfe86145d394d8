"""``watchword user``: what becomes of one account."""

import json
from typing import TYPE_CHECKING

import click

from flask_watchword.cli.administering import (
    administering,
    administrator,
    json_option,
    user_argument,
    user_of,
)
from flask_watchword.cli.new_password import ask_password
from flask_watchword.cli.options import database_option

if TYPE_CHECKING:
    from flask_watchword.accounts.users import User


@click.command()
@user_argument
@database_option
@json_option
def show(who: str, database: str | None, as_json: bool) -> None:
    """Show what is known of a user, but for what is secret."""
    with administering(database) as parts:
        from flask_watchword.cli.user_table import members_of, show_members

        members = members_of(user_of(parts, who))
    if as_json:
        click.echo(json.dumps(members))
    else:
        show_members(members)


@click.command()
@user_argument
@database_option
def disable(who: str, database: str | None) -> None:
    """Refuse a user everywhere from now on; every session ends."""
    changed = _change(database, who, disabled=True)
    click.echo(f"{changed.email} is disabled.")


@click.command()
@user_argument
@database_option
def enable(who: str, database: str | None) -> None:
    """Let a user log in again who was disabled."""
    changed = _change(database, who, disabled=False)
    click.echo(f"{changed.email} may log in.")


@click.command()
@user_argument
@click.argument("roles", nargs=-1, metavar="[ROLE]...")
@click.option("--none", "none", is_flag=True, help="Take all of them away.")
@database_option
def roles(who: str, roles: tuple[str, ...], none: bool, database: str | None) -> None:
    """Give a user these roles and no others; without any, show those that they have.

    `admin` is the role of those who administer. Where one is taken away every session ends.
    """
    _names(database, who, "roles", roles, none=none)


@click.command()
@user_argument
@click.argument("scopes", nargs=-1, metavar="[SCOPE]...")
@click.option("--none", "none", is_flag=True, help="Take all of them away.")
@database_option
def scopes(who: str, scopes: tuple[str, ...], none: bool, database: str | None) -> None:
    """Give a user these scopes and no others; without any, show those that they have."""
    _names(database, who, "scopes", scopes, none=none)


@click.command("set-password")
@user_argument
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@database_option
def set_password(who: str, password_stdin: bool, database: str | None) -> None:
    """Give a user another password, which is asked for twice; every session ends."""
    with administering(database) as parts:
        from flask_watchword.accounts import administration
        from flask_watchword.clock import system_clock
        from flask_watchword.service.account_work import sessions_ended

        found, by = user_of(parts, who), administrator()
        password_hash = parts.passwords.hash(ask_password(found.email, password_stdin))
        with sessions_ended(found.id):
            done = parts.stores.accounts.change(
                lambda stores: administration.set_password(
                    stores, by, found, password_hash, system_clock()
                )
            )
    if not done:
        raise click.ClickException(f"{found.email} was changed meanwhile; try again")
    click.echo(f"{found.email} has another password.")


@click.command()
@user_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@database_option
def delete(who: str, yes: bool, database: str | None) -> None:
    """Delete a user for good, with all that is theirs."""
    with administering(database) as parts:
        from flask_watchword.service import user_changes

        found = user_of(parts, who)
        if not yes:
            click.confirm(f"Delete {found.email} for good?", abort=True)
        user_changes.delete_user(administrator(), found)
    click.echo(f"{found.email} is deleted.")


#: What is added to the group ``user``.
COMMANDS = (show, disable, enable, roles, scopes, set_password, delete)


def _names(
    database: str | None, who: str, kind: str, names: tuple[str, ...], *, none: bool
) -> None:
    if names and none:
        raise click.UsageError(f"give {kind}, or --none")
    if not names and not none:
        with administering(database) as parts:
            found = user_of(parts, who)
    else:
        roles = frozenset(names) if kind == "roles" else None
        scopes = frozenset(names) if kind == "scopes" else None
        found = _change(database, who, roles=roles, scopes=scopes)
    held: frozenset[str] = getattr(found, kind)
    click.echo(
        f"{found.email} has {kind}: {' '.join(sorted(held))}"
        if held
        else f"{found.email} has no {kind}."
    )


def _change(
    database: str | None,
    who: str,
    *,
    roles: frozenset[str] | None = None,
    scopes: frozenset[str] | None = None,
    disabled: bool | None = None,
) -> "User":
    with administering(database) as parts:
        from flask_watchword.accounts.administration import UserChange
        from flask_watchword.service import user_changes

        change = UserChange(roles, scopes, disabled)
        return user_changes.change_user(administrator(), user_of(parts, who), change)
