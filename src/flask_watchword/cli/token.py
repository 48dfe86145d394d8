"""``watchword token``: what a token says, and why the service refuses it."""

import click

from flask_watchword.cli.options import database_option
from flask_watchword.cli.output import json_option, print_object, print_rows
from flask_watchword.cli.schema_check import refuse_other_schema
from flask_watchword.cli.store_failures import one_line_store_failures
from flask_watchword.cli.token_source import read_token, token_argument

_WARNING = (
    "NOTHING HERE IS VERIFIED: anybody can write a token that says this. "
    "See: watchword token verify"
)


@click.group()
def token() -> None:
    """Look at a token: what it says, and why the service refuses it.

    It is read from a file or from standard input, and asked for at a terminal. It is no argument:
    those stand in the list of processes and in the history of the shell.
    """


@token.command()
@token_argument
@json_option
def inspect(file: str, *, as_json: bool) -> None:
    """Show what a token says; nothing is verified, and no database is asked.

    The exit status is 1 for what cannot be read as a token.
    """
    from flask_watchword.clock import system_clock
    from flask_watchword.jose.inspection import inspected

    found = inspected(read_token(file), system_clock())
    click.echo(_WARNING, err=True)
    if as_json:
        print_object({"verified": False, **found.members()})
    else:
        print_rows(("Part", "What it says"), found.rows())
    if found.fault is not None:
        raise click.exceptions.Exit(1)


@token.command()
@token_argument
@database_option
@click.option(
    "--refresh", is_flag=True, help="Ask what POST /refresh would answer; it is not done."
)
@json_option
def verify(file: str, database: str | None, *, refresh: bool, as_json: bool) -> None:
    """Show what the service answers to a token at GET /me, and by which step.

    The exit status is 1 for a token that is refused. Nothing is changed or logged.
    """
    given = read_token(file)
    with one_line_store_failures():
        # Here and not above: these bring Flask and SQLAlchemy.
        from flask_watchword.cli.token_report import report
        from flask_watchword.service.app import create_app
        from flask_watchword.service.configuration.loading import environment, read_settings
        from flask_watchword.service.stores import opened_stores
        from flask_watchword.service.token_verification import check_token

        settings = read_settings(environment(), database=database)
        refuse_other_schema(settings.database)
        with opened_stores(settings) as stores:
            app = create_app(settings, stores=stores)
            checked = check_token(app, given, refresh=refresh)
        report(checked, as_json=as_json)
