"""Show accounts: a table on a terminal, tab-separated lines for other programs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flask_watchword.accounts.store import UserStore
from flask_watchword.accounts.users import User
from flask_watchword.cli.key_table import on_a_terminal, shown


def show_users(users: UserStore, *, search: str = "", as_json: bool = False) -> None:
    """Print every account of the store whose key holds a text; as JSON an object a line."""
    found = _every(users, search)
    if as_json:
        for user in found:
            click.echo(json.dumps(members_of(user)))
    elif on_a_terminal():
        Console().print(_table(found))
    else:
        for user in found:
            click.echo("\t".join(_row(user)))


def members_of(user: User) -> dict[str, Any]:
    """Return what is known of a user, but for what is secret. Moments are seconds."""
    return {
        "id": user.id,
        "email": user.email,
        "created_at": user.created_at,
        "email_verified_at": user.email_verified_at,
        "password_changed_at": user.password_changed_at,
        "disabled_at": user.disabled_at,
        "roles": sorted(user.roles),
        "scopes": sorted(user.scopes),
    }


def show_members(members: Mapping[str, Any]) -> None:
    """Print what is known of a user, a line each."""
    for name, value in members.items():
        click.echo(f"{name}\t{_text(name, value)}")


def _text(name: str, value: Any) -> str:
    if name.endswith("_at"):
        return shown(value)
    return " ".join(value) if isinstance(value, list) else str(value)


def _table(users: Iterable[User]) -> Table:
    table = Table("E-mail", "Added", "Id")
    for user in users:
        # Text, because an address may hold what would count as markup.
        table.add_row(*map(Text, _row(user)))
    return table


def _every(users: UserStore, search: str) -> Iterator[User]:
    page = users.page(search=search)
    while page:
        yield from page
        page = users.page(after=page[-1].email_key, search=search)


def _row(user: User) -> tuple[str, str, str]:
    added = datetime.fromtimestamp(user.created_at, UTC)
    return user.email, added.strftime("%Y-%m-%d %H:%M UTC"), user.id
