"""``watchword token``: decode a token, and find out why the service rejects it."""

import click

from flask_watchword.cli.options import database_option
from flask_watchword.cli.output import json_option, print_object, print_rows
from flask_watchword.cli.schema_check import require_current_schema
from flask_watchword.cli.store_failures import one_line_store_failures
from flask_watchword.cli.token_source import read_token, token_argument

_WARNING = (
    "NOTHING HERE IS VERIFIED: anyone can forge a token with these claims. "
    "See: watchword token verify"
)


@click.group()
def token() -> None:
    """Decode a token, and find out why the service rejects it.

    The token is read from a file or from standard input; on a terminal there is a prompt. It is not
    an argument, because arguments are visible in the process list and in the shell's history.
    """


@token.command()
@token_argument
@json_option
def inspect(file: str, *, as_json: bool) -> None:
    """Show the content of a token without verifying it and without a database.

    The exit status is 1 if it cannot be decoded.
    """
    from flask_watchword.clock import system_clock
    from flask_watchword.jose.inspection import inspect_token

    found = inspect_token(read_token(file), system_clock())
    click.echo(_WARNING, err=True)
    if as_json:
        print_object({"verified": False, **found.members()})
    else:
        print_rows(("Part", "Content"), found.rows())
    if found.fault is not None:
        raise click.exceptions.Exit(1)


@token.command()
@token_argument
@database_option
@click.option(
    "--refresh", is_flag=True, help="Verify it as POST /refresh does, without refreshing."
)
@json_option
def verify(file: str, database: str | None, *, refresh: bool, as_json: bool) -> None:
    """Show how the service responds to a token at GET /me, and which step decides.

    The exit status is 1 if the token is rejected. Nothing is changed or logged.
    """
    given = read_token(file)
    with one_line_store_failures():
        # Imported here because these load Flask and SQLAlchemy.
        from flask_watchword.cli.token_report import report
        from flask_watchword.service.app import create_app
        from flask_watchword.service.load_settings import environment, read_settings
        from flask_watchword.service.stores import opened_stores
        from flask_watchword.service.token_verification import check_token

        settings = read_settings(environment(), database=database)
        require_current_schema(settings.database)
        with opened_stores(settings) as stores:
            app = create_app(settings, stores=stores)
            checked = check_token(app, given, refresh=refresh)
        report(checked, as_json=as_json)
