"""What the commands that look after a database have in common."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from flask_watchword.cli.failures import (
    Code,
    Failure,
    StoreDown,
    missing_extra,
    one_line_failures,
)

#: What an extra brings to reach a server, and its name; a missing Valkey client says so itself.
_EXTRAS = {"psycopg": "postgres"}


@contextlib.contextmanager
def one_line_store_failures() -> Iterator[None]:
    """Turn what is wrong with a place or with the way to it into one line and an exit status."""
    with one_line_failures():
        # Here and not above: SQLAlchemy is what `--help` does without.
        from sqlalchemy.exc import DBAPIError

        from flask_watchword.stores.errors import StoreUnavailable
        from flask_watchword.stores.opening import UnknownStore

        try:
            yield
        except StoreUnavailable as error:
            # PostgreSQL explains itself in several lines.
            why = _in_one_line(error)
            raise StoreDown(f"a store does not answer: {why}") from error
        except DBAPIError as error:
            # A role that may not do this, or an option in the URL that the driver does not know.
            why = _in_one_line(error.orig)
            raise Failure(Code.DATABASE_REFUSES, f"the database refuses: {why}") from error
        except UnknownStore as error:
            raise Failure(Code.INVALID_SETTING, _in_one_line(error)) from error
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package not in _EXTRAS:
                raise
            raise missing_extra(package, _EXTRAS[package]) from error


def is_database(url: str) -> bool:
    """Tell whether a place is a database, and not a Valkey server."""
    return url.startswith(("sqlite", "postgresql"))


def is_missing_file(url: str) -> bool:
    """Tell whether a database would be a file that is not there."""
    return url.startswith("sqlite") and not Path(place(url)).exists()


def refuse_missing_file(url: str) -> None:
    """Say so where a database would be a file that is not there, before anything makes it."""
    if is_missing_file(url):
        raise Failure(
            Code.NO_DATABASE,
            f"there is no database at {place(url)}",
            "`watchword serve` or `watchword db upgrade` makes it, --database names another",
        )


def refuse_other_schema(url: str) -> None:
    """Say so where a database has not the schema of this version.

    It is not upgraded on the way: a URL with a slip in it would get tables of ours, or a file.
    """
    if not is_database(url):
        return
    from flask_watchword.stores.opening import database_revision

    refuse_missing_file(url)
    if not database_revision(url).is_newest:
        raise Failure(
            Code.OTHER_SCHEMA,
            f"the schema of {place(url)} is not this version's",
            "see: watchword db current",
        )


def place(url: str) -> str:
    """Return what to call a store: its file, or its name and host, never its password."""
    from sqlalchemy.engine import make_url

    if not is_database(url):
        return f"Valkey on {urlsplit(url).hostname}"
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return parsed.database or ""
    name = parsed.database or "the default database"
    return f"{name} on {parsed.host}" if parsed.host else name


def _in_one_line(error: BaseException | None) -> str:
    return " ".join(str(error).split())
