"""``watchword serve``: run the service."""

import gc
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from flask_watchword.cli.interrupts import exit_on_sigterm
from flask_watchword.cli.options import database_option
from flask_watchword.cli.serving.shared_metrics import shared_metrics
from flask_watchword.cli.store_failures import one_line_store_failures

if TYPE_CHECKING:
    from flask_watchword.service.configuration.settings import Settings


@click.command()
@click.option("--host", metavar="ADDRESS", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="[default: 5000]")
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Worker processes.  [default: one per core]"
)
@database_option
@click.option(
    "--valkey",
    metavar="URL",
    help="Keep sessions in Valkey, as in valkey://host:6379/0.  [default: in the database]",
)
@click.option(
    "--demo",
    is_flag=True,
    default=None,
    help="Add a demo user and demo routes, in a separate database: "
    "watchword-demo.db in the current folder.",
)
def serve(
    host: str | None,
    port: int | None,
    workers: int | None,
    database: str | None,
    valkey: str | None,
    demo: bool | None,
) -> None:
    """Serve the API until Ctrl+C or SIGTERM; requests in flight are finished first.

    SIGHUP reloads the settings and replaces the workers one by one; no request is lost.
    """
    options = {
        "host": host,
        "port": port,
        "workers": workers,
        "database": database,
        "valkey": valkey,
        "demo": demo,
    }
    # Collecting garbage among a thousand modules that stay takes a seventh of the start-up time.
    # The collector is enabled when the workers start.
    gc.disable()
    try:
        # Imported here because the server loads Flask, SQLAlchemy and granian.
        with exit_on_sigterm(), one_line_store_failures(), shared_metrics():
            from flask_watchword.cli.serving.server import run

            run(partial(_read, options))
    finally:
        gc.enable()


def _read(options: dict[str, Any]) -> "Settings":
    # At module level, because spawned workers unpickle it by name.
    from flask_watchword.service.load_settings import environment, read_settings

    return read_settings(environment(), **options)
