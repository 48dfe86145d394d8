"""``watchword purge``: delete expired rows."""

import click

from flask_watchword.cli.options import database_option
from flask_watchword.cli.output import json_option, print_outcome
from flask_watchword.cli.schema_check import is_missing_file, require_current_schema
from flask_watchword.cli.store_failures import one_line_store_failures
from flask_watchword.cli.store_urls import is_database


@click.command()
@database_option
@click.option(
    "--store",
    metavar="URL",
    help="The session store, if it is not the database; may also be valkey://host:6379/0. "
    "In the environment: WATCHWORD_SESSION_STORE or WATCHWORD_VALKEY.",
)
@json_option
def purge(database: str | None, store: str | None, as_json: bool) -> None:
    """Delete all expired rows.

    These are sessions and revocations, and of accounts one-time codes, rate limit counters, sent
    e-mail and API tokens. With --store only that store is cleaned up. Applications and the service
    delete some expired rows from time to time while they run. This deletes all of them, in small
    batches that do not block requests.
    """
    if database is not None and store is not None:
        raise click.UsageError("give --database or --store, not both")
    with one_line_store_failures():
        # Imported here because these load SQLAlchemy.
        from flask_watchword.cli.cleanup import purge_accounts, purge_sessions
        from flask_watchword.infra.factory import open_session_store, opened_cleanup
        from flask_watchword.service.load_settings import environment, read_session_store

        sessions_url = read_session_store(database, store, environment())
        require_current_schema(sessions_url)
        accounts_url = _accounts_url(sessions_url, database, store)
        sessions = open_session_store(sessions_url, upgrade=False)
        try:
            deleted: dict[str, int | None] = {
                "sessions": purge_sessions(sessions),
                "accounts": None,
            }
        finally:
            sessions.close()
        sentence = f"Deleted {deleted['sessions']} sessions and revocations"
        if accounts_url is not None:
            with opened_cleanup(accounts_url) as cleanup:
                deleted["accounts"] = purge_accounts(cleanup)
            sentence += f", and {deleted['accounts']} codes, counters, messages and tokens"
    print_outcome(f"{sentence}.", deleted, as_json=as_json)


def _accounts_url(sessions: str, database: str | None, store: str | None) -> str | None:
    from flask_watchword.service.load_settings import environment, read_database

    url = sessions if store is not None else read_database(database, environment())
    if url == sessions:
        return url if is_database(url) else None
    # An application with sessions in Valkey and without the service has no accounts.
    if is_missing_file(url):
        return None
    require_current_schema(url)
    return url
