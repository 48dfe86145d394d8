"""The ``watchword`` command. Each command imports its modules when it runs: help stays fast."""

import click

from flask_watchword.cli.db import db
from flask_watchword.cli.doctor import doctor
from flask_watchword.cli.failures import missing_extra_failure
from flask_watchword.cli.interrupts import InterruptibleGroup
from flask_watchword.cli.json_errors import JsonErrorsGroup
from flask_watchword.cli.purge import purge
from flask_watchword.cli.serve import serve
from flask_watchword.cli.token import token
from flask_watchword.extras import MissingExtra


class _Main(InterruptibleGroup, JsonErrorsGroup):
    """The root group of all commands.

    Attributes:
        missing: why the commands of features could not be imported.
    """

    missing: MissingExtra | None = None

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command.

        Raises:
            Failure: if it may be a feature's, and the extra `service` is not installed.
        """
        command = super().get_command(ctx, cmd_name)
        if command is None and self.missing is not None:
            raise missing_extra_failure(self.missing)
        return command


@click.group(cls=_Main, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="Flask-Watchword", prog_name="watchword")
def main() -> None:
    """Run and manage the Watchword login service.

    Settings may also come from the environment or from .env: --database is WATCHWORD_DATABASE.
    """


for _command in (db, doctor, purge, serve, token):
    main.add_command(_command)


def _add_feature_commands(root: _Main) -> None:
    try:
        # The package of the service checks that its extra is installed.
        from flask_watchword.service.features.admin_users.cli import user
        from flask_watchword.service.features.admin_users.cli_changes import COMMANDS
        from flask_watchword.service.features.audit.cli import audit
        from flask_watchword.service.features.sessions.cli import session
        from flask_watchword.service.features.signing_keys.cli import keys
        from flask_watchword.service.features.user_import.cli import import_users
    except MissingExtra as error:
        root.missing = error
        return
    for command in (audit, import_users, keys, session, user):
        root.add_command(command)
    for command in COMMANDS:
        user.add_command(command)


_add_feature_commands(main)
