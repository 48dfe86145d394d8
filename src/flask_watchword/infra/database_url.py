"""Parse database URLs, in the spellings that hosting platforms use."""

from collections.abc import Mapping, Set
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

#: Name of the driver that the extra ``postgres`` installs.
POSTGRES = "postgresql+psycopg"

# Heroku, Render, Fly.io and libpq use `postgres` or `postgresql` without a driver, for which
# SQLAlchemy would import psycopg2.
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
    """The driver does not accept an option of the URL."""


def read_database_url(text: str | URL) -> URL:
    """Parse the URL of a SQLite or PostgreSQL database, and set the driver.

    Raises:
        UnacceptableOption: when the driver does not accept an option of it.
        ValueError: when the text is not a URL, or names another database or driver. Messages
            contain only the name of the driver or option, since the rest may be a password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # Their messages quote the text.
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
    # Otherwise the driver would reject it at the first connection, with an error that looks like a
    # bug in this package.
    if url.drivername != POSTGRES:
        for name in sorted(url.query.keys() - _sqlite_options(url)):
            raise UnacceptableOption(_unacceptable(name))
    try:
        options = url.get_dialect()().create_connect_args(url)[1]
    except ImportError:
        return  # opening the database reports it
    except (ArgumentError, ValueError, TypeError):
        raise UnacceptableOption("the URL has an option that the driver cannot read") from None
    if url.drivername == POSTGRES:
        _check_postgres_options(options)


def _check_postgres_options(options: Mapping[str, Any]) -> None:
    try:
        # Imported here, because an application that uses only SQLite has no psycopg.
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
    # SQLite ignores unknown parameters of a `file:` URI.
    return url.query.keys() if url.query.get("uri") == "true" else _SQLITE_OPTIONS


def _unacceptable(name: str) -> str:
    return f"the URL has an option that the driver does not accept: {name}"
