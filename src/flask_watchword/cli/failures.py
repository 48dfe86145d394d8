"""What goes wrong for a reason ends a command with one line, not with a trace."""

import contextlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Self

import click

from flask_watchword.extras import MissingExtra


class Code(StrEnum):
    """What went wrong, for programs; the messages may improve.

    Attributes:
        means: the same for people.
    """

    means: str

    def __new__(cls, code: str, means: str) -> Self:
        """Make a code of its name and its meaning."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.means = means
        return member

    USAGE = "usage", "the command is not used as it is meant to be"
    INTERRUPTED = "interrupted", "Ctrl+C, or a question that was answered with no"
    FAILED = "failed", "anything that has no code of its own"
    STORE_UNAVAILABLE = "store_unavailable", "a store does not answer; it may do later"
    DATABASE_REFUSES = "database_refuses", "the database does not let this user do this"
    NO_DATABASE = "no_database", "there is no database at this place"
    OTHER_SCHEMA = "other_schema", "the database has the schema of another version, or none"
    INVALID_SETTING = "invalid_setting", "a setting or an option cannot be used"
    MISSING_EXTRA = "missing_extra", "a package is not installed"
    NO_SUCH_USER = "no_such_user", "no user has this address or id"
    NO_SUCH_SESSION = "no_such_session", "the user has no session of this id"
    EMAIL_TAKEN = "email_taken", "there is an account for the address already"
    INVALID_EMAIL = "invalid_email", "the address is none"
    INVALID_NAME = "invalid_name", "a role or a scope cannot be called this"
    WEAK_PASSWORD = "weak_password", "the password is refused"
    LAST_ADMIN = "last_admin", "nobody could administer any more"
    BROKEN_CHAIN = "broken_chain", "entries of the audit log were altered, removed or inserted"
    CHANGED_MEANWHILE = "changed_meanwhile", "somebody else changed it at the same time"
    KEY_REFUSED = "key_refused", "this cannot be done with the key"
    INVALID_FILE = "invalid_file", "the file is not what is wanted"
    MISPLACED_DECORATORS = "misplaced_decorators", "decorators above @app.route have no effect"
    UNGUARDED_ROUTES = "unguarded_routes", "routes let in whoever has no token"


class Failure(click.ClickException):
    """What ends a command.

    Attributes:
        code: for programs.
        hint: what to do; empty where the message says it.
    """

    def __init__(self, code: Code, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint

    def format_message(self) -> str:
        """Return what a person reads: the message, and what to do."""
        return f"{self.message}; {self.hint}" if self.hint else self.message


class StoreDown(Failure):
    """A store that does not answer: the command may do when it is tried again later."""

    #: ``EX_UNAVAILABLE`` of ``sysexits.h``.
    exit_code = 69

    def __init__(self, message: str) -> None:
        super().__init__(Code.STORE_UNAVAILABLE, message)


@contextlib.contextmanager
def one_line_failures() -> Iterator[None]:
    """Turn the errors an operator can mend into one line on standard error, and an exit status."""
    try:
        # Here and not above: these modules bring SQLAlchemy, which `--help` does without.
        from flask_watchword.infra.errors import LaterSchema, StoreUnavailable
        from flask_watchword.service.configuration.values import InvalidSetting
    except MissingExtra as error:
        raise _missing_extra(error) from error
    try:
        yield
    except MissingExtra as error:
        raise _missing_extra(error) from error
    except InvalidSetting as error:
        raise Failure(Code.INVALID_SETTING, str(error)) from error
    except LaterSchema as error:
        raise Failure(Code.OTHER_SCHEMA, str(error)) from error
    except StoreUnavailable as error:
        raise StoreDown(f"a store does not answer: {error}") from error


def _missing_extra(error: MissingExtra) -> Failure:
    return Failure(Code.MISSING_EXTRA, error.problem, error.remedy)
