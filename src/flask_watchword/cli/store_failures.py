"""What goes wrong with a place, or on the way to it, ends a command with one line."""

import contextlib
from collections.abc import Iterator

from flask_watchword.cli.failures import Code, Failure, one_line_failures


@contextlib.contextmanager
def one_line_store_failures() -> Iterator[None]:
    """Turn what is wrong with a place or with the way to it into one line and an exit status."""
    with one_line_failures():
        # Here and not above: SQLAlchemy is what `--help` does without.
        from sqlalchemy.exc import DBAPIError

        from flask_watchword.infra.errors import in_one_line
        from flask_watchword.infra.factory import UnknownStore

        try:
            yield
        except DBAPIError as error:
            # A role that may not do this, or an option in the URL that the driver does not know.
            why = in_one_line(str(error.orig))
            raise Failure(Code.DATABASE_REFUSES, f"the database refuses: {why}") from error
        except UnknownStore as error:
            raise Failure(Code.INVALID_SETTING, in_one_line(str(error))) from error
