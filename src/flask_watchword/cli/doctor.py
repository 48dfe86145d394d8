"""``watchword doctor``: check the configuration of the service."""

import click

from flask_watchword.cli.check_table import print_check_results, strict_option
from flask_watchword.cli.failures import one_line_failures
from flask_watchword.cli.options import database_option
from flask_watchword.cli.output import json_option


@click.command()
@database_option
@strict_option
@json_option
def doctor(database: str | None, *, strict: bool, as_json: bool) -> None:
    """Check the settings and every server they name, and suggest remedies.

    Nothing is created or changed, and no e-mail is sent. The exit status is 1 if there is a
    problem, and with --strict also if there is a warning.
    """
    with one_line_failures():
        # Imported here because this loads SQLAlchemy.
        from flask_watchword.service.checks.runner import run_checks

        print_check_results(run_checks(database), strict=strict, as_json=as_json)
