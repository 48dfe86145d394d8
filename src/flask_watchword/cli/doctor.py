"""``watchword doctor``: whether the service is set up well."""

import click

from flask_watchword.cli.check_table import print_findings, strict_option
from flask_watchword.cli.failures import one_line_failures
from flask_watchword.cli.options import database_option
from flask_watchword.cli.output import json_option


@click.command()
@database_option
@strict_option
@json_option
def doctor(database: str | None, *, strict: bool, as_json: bool) -> None:
    """Examine the settings and every server that they name, and say what to do.

    Nothing is made or changed, and no e-mail is sent. The exit status is 1 where there is a
    problem; a warning does not count unless --strict is given.
    """
    with one_line_failures():
        # Here and not above: these bring SQLAlchemy.
        from flask_watchword.service.checks.runner import run_checks

        print_findings(run_checks(database), strict=strict, as_json=as_json)
