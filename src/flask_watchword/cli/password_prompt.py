"""Read a new password: typed twice at a prompt, or from standard input."""

import sys
from typing import TYPE_CHECKING

from flask_watchword.cli.failures import Code, Failure
from flask_watchword.cli.prompts import ask_twice

if TYPE_CHECKING:
    from flask_watchword.service.configuration.settings import Settings


def ask_password(email: str, settings: "Settings", *, from_stdin: bool) -> str:
    """Return a password that the policy accepts; end the command if it rejects the password.

    Args:
        email: the user's address; the password must not consist of it.
        settings: of the service; its name, which the password must not consist of either, and the
            minimum length.
        from_stdin: whether to read the first line of standard input.
    """
    # Imported here because this loads argon2 and a dictionary.
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
        raise Failure(Code.WEAK_PASSWORD, f"password rejected: {error}") from error
    return password
