"""The ``watchword`` command. Each command imports its modules when it runs: help stays fast."""

import click

from flask_watchword.cli.db import db
from flask_watchword.cli.doctor import doctor
from flask_watchword.cli.interrupts import InterruptibleGroup
from flask_watchword.cli.json_errors import JsonErrorsGroup
from flask_watchword.cli.purge import purge
from flask_watchword.cli.serve import serve
from flask_watchword.cli.token import token
from flask_watchword.service.features.admin_users.cli import user
from flask_watchword.service.features.admin_users.cli_changes import COMMANDS
from flask_watchword.service.features.audit.cli import audit
from flask_watchword.service.features.sessions.cli import session
from flask_watchword.service.features.signing_keys.cli import keys
from flask_watchword.service.features.user_import.cli import import_users


class _Main(InterruptibleGroup, JsonErrorsGroup):
    """The root group of all commands."""


@click.group(cls=_Main, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="Flask-Watchword", prog_name="watchword")
def main() -> None:
    """Run and manage the Watchword login service.

    Settings may also come from the environment or from .env: --database is WATCHWORD_DATABASE.
    """


main.add_command(audit)
main.add_command(db)
main.add_command(doctor)
main.add_command(import_users)
main.add_command(keys)
main.add_command(purge)
main.add_command(serve)
main.add_command(session)
main.add_command(token)
main.add_command(user)
for command in COMMANDS:
    user.add_command(command)
