"""Refuse a database that is not there, or whose schema is not this version's."""

from pathlib import Path

from flask_watchword.cli.failures import Code, Failure
from flask_watchword.cli.store_urls import is_database, place


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
    from flask_watchword.infra.factory import database_revision

    refuse_missing_file(url)
    if not database_revision(url).is_newest:
        raise Failure(
            Code.OTHER_SCHEMA,
            f"the schema of {place(url)} is not this version's",
            "see: watchword db current",
        )
