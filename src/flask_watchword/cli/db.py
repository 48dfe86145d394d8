"""``watchword db``: the schema of a database."""

from typing import TYPE_CHECKING

import click

from flask_watchword.cli.failures import Code, Failure
from flask_watchword.cli.options import database_option
from flask_watchword.cli.output import json_option, print_outcome
from flask_watchword.cli.schema_check import is_missing_file, require_database_file
from flask_watchword.cli.store_failures import one_line_store_failures
from flask_watchword.cli.store_urls import store_name

if TYPE_CHECKING:
    from flask_watchword.infra.sql.schema import Revision


@click.group()
def db() -> None:
    """Manage the schema of a SQLite or PostgreSQL database."""


@db.command()
@database_option
@json_option
def upgrade(database: str | None, as_json: bool) -> None:
    """Apply the missing migrations, in one transaction.

    A SQLite file that does not exist is created. All table names begin with watchword_, so the
    database may be the application's own.
    """
    with one_line_store_failures():
        # Imported here because these load SQLAlchemy and Alembic.
        from flask_watchword.infra.factory import database_revision, upgrade_database
        from flask_watchword.service.load_settings import environment, read_database

        url = read_database(database, environment())
        is_new = is_missing_file(url)
        before = database_revision(url)
        if before.is_known:
            upgrade_database(url)
    if not before.is_known:
        raise Failure(Code.OTHER_SCHEMA, _stands(url, before))
    since = "" if before.current is None else f" from {before.current}"
    upgraded = f"Upgraded {store_name(url)}{since} to {before.newest}."
    if is_new:
        upgraded = f"Created {store_name(url)} at revision {before.newest}."
    members = {"place": store_name(url), "before": before.current, "revision": before.newest}
    print_outcome(_stands(url, before) if before.is_newest else upgraded, members, as_json=as_json)


@db.command()
@database_option
@json_option
def current(database: str | None, as_json: bool) -> None:
    """Print the schema's revision; the exit status is 1 if it is not the newest."""
    with one_line_store_failures():
        # Imported here because these load SQLAlchemy and Alembic.
        from flask_watchword.infra.factory import database_revision
        from flask_watchword.service.load_settings import environment, read_database

        url = read_database(database, environment())
        require_database_file(url)
        revision = database_revision(url)
    members = {"place": store_name(url), "revision": revision.current, "newest": revision.newest}
    print_outcome(_stands(url, revision), members, as_json=as_json)
    if not revision.is_newest:
        raise click.exceptions.Exit(1)


def _stands(url: str, revision: "Revision") -> str:
    if revision.current is None:
        return f"{store_name(url)} has no schema yet; the newest revision is {revision.newest}"
    at = f"{store_name(url)} is at revision {revision.current}"
    if revision.is_newest:
        return f"{at}, the newest"
    if revision.is_known:
        return f"{at}; the newest is {revision.newest}"
    return f"{at} of a later Watchword version; the newest of this version is {revision.newest}"
