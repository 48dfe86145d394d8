"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click

database_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--database",
    metavar="URL",
    help="A SQLite file, or PostgreSQL as postgresql://user@host/name.  "
    "[default: sqlite:///watchword.db, in the current folder]",
)
