"""``watchword db``: the schema of a database."""

from typing import TYPE_CHECKING

import click

from flask_watchword.cli.failures import Code, Failure
from flask_watchword.cli.options import database_option
from flask_watchword.cli.output import json_option, print_done
from flask_watchword.cli.schema_check import is_missing_file, refuse_missing_file
from flask_watchword.cli.store_failures import one_line_store_failures
from flask_watchword.cli.store_urls import place

if TYPE_CHECKING:
    from flask_watchword.infra.sql.schema import Revision


@click.group()
def db() -> None:
    """Look after the schema of a database, SQLite or PostgreSQL."""


@db.command()
@database_option
@json_option
def upgrade(database: str | None, as_json: bool) -> None:
    """Apply the migrations that are missing, all of them or none.

    A SQLite file that is not there is made. The tables' names begin with watchword_, so the
    database may be an application's own.
    """
    with one_line_store_failures():
        # Here and not above: these bring SQLAlchemy and Alembic.
        from flask_watchword.infra.factory import database_revision, upgrade_database
        from flask_watchword.service.configuration.loading import environment, read_database

        url = read_database(database, environment())
        is_new = is_missing_file(url)
        before = database_revision(url)
        if before.is_known:
            upgrade_database(url)
    if not before.is_known:
        raise Failure(Code.OTHER_SCHEMA, _stands(url, before))
    since = "" if before.current is None else f" from {before.current}"
    upgraded = f"Upgraded {place(url)}{since} to {before.newest}."
    if is_new:
        upgraded = f"Made {place(url)}, at revision {before.newest}."
    members = {"place": place(url), "before": before.current, "revision": before.newest}
    print_done(_stands(url, before) if before.is_newest else upgraded, members, as_json=as_json)


@db.command()
@database_option
@json_option
def current(database: str | None, as_json: bool) -> None:
    """Print the schema's revision; the exit status is 1 when it is not the newest."""
    with one_line_store_failures():
        # Here and not above: these bring SQLAlchemy and Alembic.
        from flask_watchword.infra.factory import database_revision
        from flask_watchword.service.configuration.loading import environment, read_database

        url = read_database(database, environment())
        refuse_missing_file(url)
        revision = database_revision(url)
    members = {"place": place(url), "revision": revision.current, "newest": revision.newest}
    print_done(_stands(url, revision), members, as_json=as_json)
    if not revision.is_newest:
        raise click.exceptions.Exit(1)


def _stands(url: str, revision: "Revision") -> str:
    if revision.current is None:
        return f"{place(url)} has no schema yet, {revision.newest} is the newest"
    at = f"{place(url)} is at revision {revision.current}"
    if revision.is_newest:
        return f"{at}, the newest"
    if revision.is_known:
        return f"{at}, {revision.newest} is the newest"
    return f"{at}, of a later version of Watchword; {revision.newest} is the newest of this one"
