"""``watchword purge``: delete what has passed its end."""

import click

from flask_watchword.cli.options import database_option
from flask_watchword.cli.output import json_option, print_done
from flask_watchword.cli.schema_check import is_missing_file, refuse_other_schema
from flask_watchword.cli.store_failures import one_line_store_failures
from flask_watchword.cli.store_urls import is_database


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
    """Delete all that is past its end.

    That is sessions and revocations, and of accounts codes, counted tries, e-mail that was sent and
    tokens for programs. With --store it is what lies there alone. Applications and the service
    delete a little of it now and then while they run. This deletes all, in small batches beside
    which requests go on.
    """
    if database is not None and store is not None:
        raise click.UsageError("give --database or --store, not both")
    with one_line_store_failures():
        # Here and not above: these bring SQLAlchemy.
        from flask_watchword.cli.cleanup import purge_accounts, purge_sessions
        from flask_watchword.infra.factory import open_session_store, opened_upkeep
        from flask_watchword.service.configuration.loading import environment, read_session_store

        of_sessions = read_session_store(database, store, environment())
        refuse_other_schema(of_sessions)
        of_accounts = _place_of_accounts(of_sessions, database, store)
        sessions = open_session_store(of_sessions, upgrade=False)
        try:
            told: dict[str, int | None] = {"sessions": purge_sessions(sessions), "accounts": None}
        finally:
            sessions.close()
        sentence = f"Deleted {told['sessions']} sessions and revocations"
        if of_accounts is not None:
            with opened_upkeep(of_accounts) as upkeep:
                told["accounts"] = purge_accounts(upkeep)
            sentence += f", and {told['accounts']} codes, counted tries, messages and tokens"
    print_done(f"{sentence}.", told, as_json=as_json)


def _place_of_accounts(sessions: str, database: str | None, store: str | None) -> str | None:
    from flask_watchword.service.configuration.loading import environment, read_database

    place = sessions if store is not None else read_database(database, environment())
    if place == sessions:
        return place if is_database(place) else None
    # An application that has sessions in Valkey, and no service, has no accounts.
    if is_missing_file(place):
        return None
    refuse_other_schema(place)
    return place
