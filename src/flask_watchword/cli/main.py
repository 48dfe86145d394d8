"""The ``watchword`` command. Each command imports its modules when it runs: help stays fast."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

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

_DISABLED = "WATCHWORD_DISABLED_FEATURES"


class _Main(InterruptibleGroup, JsonErrorsGroup):
    """The root group of all commands.

    Attributes:
        missing: why the commands of features could not be imported.
        features: the names of the features that have a command, by the name of the command.
    """

    missing: MissingExtra | None = None
    features: Mapping[str, str] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, without those of disabled features."""
        disabled = _disabled_features(ctx)
        names = super().list_commands(ctx)
        return [name for name in names if self.features.get(name) not in disabled]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command.

        Raises:
            Failure: if it may be a feature's, and the extra `service` is not installed.
        """
        if cmd_name in self.features and self.features[cmd_name] in _disabled_features(ctx):
            return None
        command = super().get_command(ctx, cmd_name)
        if command is None and self.missing is not None:
            raise missing_extra_failure(self.missing)
        return command


def _disabled_features(ctx: click.Context) -> set[str]:
    # Read once: the help asks for each command.
    if _DISABLED not in ctx.meta:
        ctx.meta[_DISABLED] = _read_disabled_features()
    disabled: set[str] = ctx.meta[_DISABLED]
    return disabled


def _read_disabled_features() -> set[str]:
    text = os.environ.get(_DISABLED)
    if text is None and Path(".env").is_file():
        # Imported here because it loads what the settings need: help stays fast without a file.
        from flask_watchword.service.configuration.values import InvalidSetting
        from flask_watchword.service.load_settings import environment

        # An invalid file is reported by the command, not by its help.
        with contextlib.suppress(InvalidSetting):
            text = str(environment().get(_DISABLED, ""))
    return {name.strip() for name in (text or "").split(",")}


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
    commands = {
        "admin_users": user,
        "audit": audit,
        "sessions": session,
        "signing_keys": keys,
        "user_import": import_users,
    }
    for command in commands.values():
        root.add_command(command)
    root.features = {str(command.name): feature for feature, command in commands.items()}
    for command in COMMANDS:
        user.add_command(command)


_add_feature_commands(main)
