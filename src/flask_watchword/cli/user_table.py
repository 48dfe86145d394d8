"""Show accounts: a table on a terminal, tab-separated lines for other programs."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flask_watchword.accounts.store import UserStore
from flask_watchword.accounts.users import User


def show_users(users: UserStore) -> None:
    """Print every account of the store."""
    if on_a_terminal():
        Console().print(_table(users))
        return
    for user in _every(users):
        click.echo("\t".join(_row(user)))


def on_a_terminal() -> bool:
    """Tell whether a person reads the output."""
    return sys.stdout.isatty()


def _table(users: UserStore) -> Table:
    table = Table("E-mail", "Added", "Id")
    for user in _every(users):
        # Text, because an address may hold what would count as markup.
        table.add_row(*map(Text, _row(user)))
    return table


def _every(users: UserStore) -> Iterator[User]:
    page = users.page()
    while page:
        yield from page
        page = users.page(after=page[-1].email_key)


def _row(user: User) -> tuple[str, str, str]:
    added = datetime.fromtimestamp(user.created_at, UTC)
    return user.email, added.strftime("%Y-%m-%d %H:%M UTC"), user.id
