"""Failures of commands: an expected error ends a command with one line instead of a traceback."""

import contextlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Self

import click

from flask_watchword.extras import MissingExtra


class Code(StrEnum):
    """A stable error code for programs; the messages may improve.

    Attributes:
        description: its meaning, for people.
    """

    description: str

    def __new__(cls, code: str, description: str) -> Self:
        """Create a code from its value and its description."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.description = description
        return member

    USAGE = "usage", "invalid arguments or options"
    INTERRUPTED = "interrupted", "Ctrl+C, or a confirmation that was declined"
    FAILED = "failed", "any failure without a code of its own"
    STORE_UNAVAILABLE = "store_unavailable", "a store does not respond; a later attempt may succeed"
    DATABASE_REFUSES = "database_refuses", "the database rejects the operation for this role"
    NO_DATABASE = "no_database", "the database does not exist"
    OTHER_SCHEMA = "other_schema", "the database has no schema, or that of another version"
    INVALID_SETTING = "invalid_setting", "a setting or an option cannot be used"
    MISSING_EXTRA = "missing_extra", "a package is not installed"
    NO_SUCH_USER = "no_such_user", "no user has this address or id"
    NO_SUCH_SESSION = "no_such_session", "the user has no session with this id"
    EMAIL_TAKEN = "email_taken", "an account with this address exists"
    INVALID_EMAIL = "invalid_email", "not a valid e-mail address"
    INVALID_NAME = "invalid_name", "not a valid name for a role or a scope"
    WEAK_PASSWORD = "weak_password", "the password policy rejects the password"
    LAST_ADMIN = "last_admin", "the last admin would be lost"
    BROKEN_CHAIN = "broken_chain", "entries of the audit log were altered, removed or inserted"
    CHANGED_MEANWHILE = "changed_meanwhile", "a concurrent change conflicts with this one"
    KEY_REFUSED = "key_refused", "the operation is not possible with this key"
    INVALID_FILE = "invalid_file", "the file does not have the expected format"
    MISPLACED_DECORATORS = "misplaced_decorators", "decorators above @app.route have no effect"
    UNGUARDED_ROUTES = "unguarded_routes", "routes accept requests without a token"


class Failure(click.ClickException):
    """An expected failure that ends a command.

    Attributes:
        code: the error code for programs.
        hint: a suggested remedy; empty if the message includes it.
    """

    def __init__(self, code: Code, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint

    def format_message(self) -> str:
        """Return the text for people: the message and the hint."""
        return f"{self.message}; {self.hint}" if self.hint else self.message


class StoreDown(Failure):
    """A store does not respond; a later attempt may succeed."""

    #: ``EX_UNAVAILABLE`` of ``sysexits.h``.
    exit_code = 69

    def __init__(self, message: str) -> None:
        super().__init__(Code.STORE_UNAVAILABLE, message)


@contextlib.contextmanager
def one_line_failures() -> Iterator[None]:
    """Turn errors that an operator can fix into one line on standard error and an exit status."""
    try:
        # Imported here because these load SQLAlchemy, which `--help` does without.
        from flask_watchword.infra.errors import LaterSchema, StoreUnavailable
        from flask_watchword.service.configuration.values import InvalidSetting
    except MissingExtra as error:
        raise missing_extra_failure(error) from error
    try:
        yield
    except MissingExtra as error:
        raise missing_extra_failure(error) from error
    except InvalidSetting as error:
        raise Failure(Code.INVALID_SETTING, str(error)) from error
    except LaterSchema as error:
        raise Failure(Code.OTHER_SCHEMA, str(error)) from error
    except StoreUnavailable as error:
        raise StoreDown(f"a store does not respond: {error}") from error


def missing_extra_failure(error: MissingExtra) -> Failure:
    """Return the failure for an extra that is not installed."""
    return Failure(Code.MISSING_EXTRA, error.problem, error.remedy)
