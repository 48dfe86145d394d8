"""Failures of stores and of connections to them: each ends a command with one line."""

import contextlib
from collections.abc import Iterator

from flask_watchword.cli.failures import Code, Failure, one_line_failures


@contextlib.contextmanager
def one_line_store_failures() -> Iterator[None]:
    """Turn errors of stores, and of connections to them, into one line and an exit status."""
    with one_line_failures():
        # Imported here because `--help` does without SQLAlchemy.
        from sqlalchemy.exc import DBAPIError

        from flask_watchword.infra.errors import in_one_line
        from flask_watchword.infra.factory import UnknownStore

        try:
            yield
        except DBAPIError as error:
            # The role lacks a privilege, or the driver does not know an option in the URL.
            reason = in_one_line(str(error.orig))
            raise Failure(Code.DATABASE_REFUSES, f"the database refuses: {reason}") from error
        except UnknownStore as error:
            raise Failure(Code.INVALID_SETTING, in_one_line(str(error))) from error
