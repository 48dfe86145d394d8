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

#: Settings of a command whose argument is base64url text, such as the id of a session or of a key.
#: One in 64 of them begins with a hyphen. There is no ``-h``: ids that begin with it would show
#: the help.
ID_MAY_BEGIN_WITH_HYPHEN = {"ignore_unknown_options": True, "help_option_names": ["--help"]}
