"""Where commands take a token from: never from an argument.

Arguments stand in the list of processes, where every user of the machine reads them, and in the
history of the shell. What reads there like a token is therefore never repeated in a message.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

#: More bytes than any header may have; what is longer is refused for its size all the same.
_MOST_BYTES = 65_536
#: What stands before a token that is copied out of a request.
_BEFORE = re.compile(r"^(Authorization:\s*)?(Bearer(\s+|$))?", re.IGNORECASE)
#: Characters at which a terminal cuts a line (Linux, N_TTY_BUF_SIZE).
_TERMINAL_LINE = 4_095

token_argument: Callable[[Callable[..., Any]], Callable[..., Any]] = click.argument(
    "file", metavar="[FILE]", default="-"
)


def read_token(file: str) -> str:
    """Return the token in a file, or in standard input, for which a person is asked.

    Each byte is a character, as with a token in a header.

    Args:
        file: its path; ``-`` for standard input.

    Raises:
        click.UsageError: when there is none. The message does not repeat the path.
    """
    if file == "-":
        found = _asked() if sys.stdin.isatty() else sys.stdin.buffer.read(_MOST_BYTES)
    else:
        found = _in_file(file)
    token = _BEFORE.sub("", found.decode("latin-1").strip())
    if not token:
        raise click.UsageError("there is no token in what was given")
    return token


def _asked() -> bytes:
    typed: str = click.prompt("Token", hide_input=True, err=True)
    if len(typed) >= _TERMINAL_LINE:
        raise click.UsageError("a terminal cuts so long a line; give the token in a file")
    return typed.encode("utf-8", "surrogateescape")


def _in_file(file: str) -> bytes:
    try:
        with Path(file).open("rb") as stream:
            return stream.read(_MOST_BYTES)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no path"
        raise click.UsageError(
            f"the file cannot be read: {why}. A token is given by standard input or in a file, not "
            "as an argument: those stand in the list of processes and in the shell's history"
        ) from error
