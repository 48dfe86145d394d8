"""``watchword purge``: delete what has passed its end."""

import click

from flask_watchword.cli.options import database_option
from flask_watchword.cli.output import json_option, print_done
from flask_watchword.cli.upkeep import one_line_store_failures, refuse_other_schema


@click.command()
@database_option
@click.option(
    "--store",
    metavar="URL",
    help="Where the sessions are, if not in the database: also valkey://host:6379/0. "
    "In the environment it is WATCHWORD_SESSION_STORE or WATCHWORD_VALKEY.",
)
@json_option
def purge(database: str | None, store: str | None, as_json: bool) -> None:
    """Delete the sessions and revocations that are past their end.

    Applications delete a few of them now and then while they run. This deletes all, in small
    batches beside which requests go on.
    """
    if database is not None and store is not None:
        raise click.UsageError("give --database or --store, not both")
    with one_line_store_failures():
        # Here and not above: these bring SQLAlchemy.
        from flask_watchword.cli.purging import purge_all
        from flask_watchword.service.settings import environment, read_session_store
        from flask_watchword.stores.opening import open_session_store

        url = read_session_store(database, store, environment())
        refuse_other_schema(url)
        sessions = open_session_store(url, upgrade=False)
        try:
            deleted = purge_all(sessions)
        finally:
            sessions.close()
    told = {"deleted": deleted}
    print_done(f"Deleted {deleted} sessions and revocations.", told, as_json=as_json)
