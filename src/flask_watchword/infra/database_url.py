"""Database URLs, in the spellings that hosting platforms use."""

from collections.abc import Mapping, Set
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

#: The spelling of the driver that is installed with the extra ``postgres``.
POSTGRES = "postgresql+psycopg"

# Heroku, Render, Fly.io and libpq itself say `postgres` or `postgresql` and name no driver, for
# which SQLAlchemy would look for psycopg2.
_POSTGRES_NAMES = ("postgres", "postgresql", "postgres+psycopg")
_SUPPORTED = ("sqlite", "sqlite+pysqlite", POSTGRES)
_SQLITE_OPTIONS = {
    "cached_statements",
    "check_same_thread",
    "detect_types",
    "isolation_level",
    "timeout",
    "uri",
}


class UnacceptableOption(ValueError):
    """An option of a URL that its driver does not accept."""


def read_database_url(text: str | URL) -> URL:
    """Return the URL of a SQLite or PostgreSQL database, with the driver that is used for it.

    Raises:
        UnacceptableOption: when the driver does not accept an option of it.
        ValueError: when the text cannot be read, or names another database or driver. No message
            has more of the URL than the name of the driver or option: the rest may be a password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # These quote what could not be read.
        raise ValueError("the URL of the database cannot be read") from None
    if url.drivername in _POSTGRES_NAMES:
        url = url.set(drivername=POSTGRES)
    if url.drivername not in _SUPPORTED:
        raise ValueError(
            f"{url.drivername} is not supported: sqlite:///file or postgresql://user@host/name"
        )
    if url.drivername != POSTGRES and url.host:
        raise ValueError("a SQLite file has no host: write sqlite:///file")
    if url.query:
        _check_options(url)
    return url


def _check_options(url: URL) -> None:
    # What a driver refuses here it would refuse at the first connection, by an error that looks
    # like a fault of this program.
    if url.drivername != POSTGRES:
        for name in sorted(url.query.keys() - _sqlite_options(url)):
            raise UnacceptableOption(_unacceptable(name))
    try:
        options = url.get_dialect()().create_connect_args(url)[1]
    except ImportError:
        return  # which opening the database reports
    except (ArgumentError, ValueError, TypeError):
        raise UnacceptableOption("the URL has an option that the driver cannot read") from None
    if url.drivername == POSTGRES:
        _check_postgres_options(options)


def _check_postgres_options(options: Mapping[str, Any]) -> None:
    try:
        # Here and not above: an application that uses SQLite alone has no psycopg.
        from psycopg import Error
        from psycopg.conninfo import make_conninfo, timeout_from_conninfo
    except ImportError:
        return
    for name, value in options.items():
        try:
            make_conninfo("", **{name: value})
            timeout_from_conninfo({name: value})
        except Error:
            raise UnacceptableOption(_unacceptable(name)) from None


def _sqlite_options(url: URL) -> Set[str]:
    # SQLite itself ignores the parameters of a `file:` URI that it does not know.
    return url.query.keys() if url.query.get("uri") == "true" else _SQLITE_OPTIONS


def _unacceptable(name: str) -> str:
    return f"the URL has an option that the driver does not accept: {name}"
