"""``watchword serve``."""

import gc
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from flask_watchword.cli.interrupts import ended_by_sigterm
from flask_watchword.cli.options import database_option
from flask_watchword.cli.serving.shared_counts import counted_together
from flask_watchword.cli.store_failures import one_line_store_failures

if TYPE_CHECKING:
    from flask_watchword.service.configuration.settings import Settings


@click.command()
@click.option("--host", metavar="ADDRESS", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="[default: 5000]")
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Processes.  [default: one for each core]"
)
@database_option
@click.option(
    "--valkey",
    metavar="URL",
    help="Keep the sessions there, as in valkey://host:6379/0.  [default: in the database]",
)
@click.option(
    "--demo",
    is_flag=True,
    default=None,
    help="Add a user and routes to try things out with, in a database of its own: "
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

    SIGHUP reads the settings anew and replaces the workers one by one; no request is lost.
    """
    options = {
        "host": host,
        "port": port,
        "workers": workers,
        "database": database,
        "valkey": valkey,
        "demo": demo,
    }
    # To look for garbage among a thousand modules that stay takes a seventh of the start. It is
    # looked for from the moment on when the workers start.
    gc.disable()
    try:
        # Here and not above: the server brings Flask, SQLAlchemy and granian.
        with ended_by_sigterm(), one_line_store_failures(), counted_together():
            from flask_watchword.cli.serving.server import run

            run(partial(_read, options))
    finally:
        gc.enable()


def _read(options: dict[str, Any]) -> "Settings":
    # A function of the module, since workers that are spawned are sent it by its name.
    from flask_watchword.service.configuration.loading import environment, read_settings

    return read_settings(environment(), **options)
