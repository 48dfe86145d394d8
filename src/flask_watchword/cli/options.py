"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click

database_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--database",
    metavar="URL",
    help="Where the accounts are.  [default: sqlite:///watchword.db, in the current folder]",
)
