"""Read a token from a file, standard input or a prompt, but never from an argument.

Arguments are visible in the process list, to every user of the machine, and in the shell's history.
For the same reason a message never repeats the argument: it may be a token.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

#: More than the size limit of a token; anything longer is rejected for its size anyway.
_MAX_BYTES = 65_536
#: The prefix of a token that was copied out of a request.
_PREFIX = re.compile(r"^(Authorization:\s*)?(Bearer(\s+|$))?", re.IGNORECASE)
#: Characters after which a terminal truncates a line (Linux, N_TTY_BUF_SIZE).
_TERMINAL_LINE = 4_095

token_argument: Callable[[Callable[..., Any]], Callable[..., Any]] = click.argument(
    "file", metavar="[FILE]", default="-"
)


def read_token(file: str) -> str:
    """Return the token from a file or standard input; on a terminal, prompt for it.

    Each byte becomes one character, as with a token in a header.

    Args:
        file: the path; ``-`` for standard input.

    Raises:
        click.UsageError: if there is no token. The message does not repeat the path.
    """
    if file == "-":
        found = _prompted() if sys.stdin.isatty() else sys.stdin.buffer.read(_MAX_BYTES)
    else:
        found = _in_file(file)
    token = _PREFIX.sub("", found.decode("latin-1").strip())
    if not token:
        raise click.UsageError("the input contains no token")
    return token


def _prompted() -> bytes:
    typed: str = click.prompt("Token", hide_input=True, err=True)
    if len(typed) >= _TERMINAL_LINE:
        raise click.UsageError("the terminal truncates a line this long; use a file")
    return typed.encode("utf-8", "surrogateescape")


def _in_file(file: str) -> bytes:
    try:
        with Path(file).open("rb") as stream:
            return stream.read(_MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise click.UsageError(
            f"cannot read the file: {reason}. Pass the token in a file or on standard input, not "
            "as an argument: arguments are visible in the process list and in the shell's history"
        ) from error
