"""A password for somebody, typed twice or read from standard input."""

import sys
from typing import TYPE_CHECKING

from flask_watchword.cli.failures import Code, Failure
from flask_watchword.cli.prompts import ask_twice

if TYPE_CHECKING:
    from flask_watchword.service.configuration.settings import Settings


def ask_password(email: str, settings: "Settings", *, from_stdin: bool) -> str:
    """Return a password that may be chosen; end the command where it may not.

    Args:
        email: whose it is to be; it must not be made of that.
        settings: of the service: its name, which it must not be made of, and its least length.
        from_stdin: whether it is the first line of standard input.
    """
    # Here and not above: this brings argon2 and a dictionary.
    from flask_watchword.accounts.password_policy import UnacceptablePassword, check_new_password

    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = ask_twice("Password", instead="--password-stdin")
    try:
        check_new_password(
            password,
            about=(email, settings.service_name),
            least=settings.min_password_characters,
        )
    except UnacceptablePassword as error:
        raise Failure(Code.WEAK_PASSWORD, f"the password is refused: {error}") from error
    return password
