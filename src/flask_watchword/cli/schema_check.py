"""Require that a database exists and has the schema of this version."""

from pathlib import Path

from flask_watchword.cli.failures import Code, Failure
from flask_watchword.cli.store_urls import is_database, store_name


def is_missing_file(url: str) -> bool:
    """Tell whether a URL names a SQLite file that does not exist."""
    return url.startswith("sqlite") and not Path(store_name(url)).exists()


def require_database_file(url: str) -> None:
    """End the command if a SQLite file does not exist, before anything creates it."""
    if is_missing_file(url):
        raise Failure(
            Code.NO_DATABASE,
            f"there is no database at {store_name(url)}",
            "create it with `watchword serve` or `watchword db upgrade`, "
            "or name another with --database",
        )


def require_current_schema(url: str) -> None:
    """End the command if a database does not have the schema of this version.

    It is not upgraded silently: a mistyped URL would get our tables, or create a file.
    """
    if not is_database(url):
        return
    from flask_watchword.infra.factory import database_revision

    require_database_file(url)
    if not database_revision(url).is_newest:
        raise Failure(
            Code.OTHER_SCHEMA,
            f"the schema of {store_name(url)} is not this version's",
            "see: watchword db current",
        )
