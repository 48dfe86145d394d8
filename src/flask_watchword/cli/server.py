"""Prepare everything in this process, then let worker processes serve."""

from functools import partial

import click
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from flask_watchword.cli.address import free_address, only_this_machine, url_of
from flask_watchword.cli.walkthrough import walkthrough
from flask_watchword.service.app import create_app, expired_demo_token, prepare
from flask_watchword.service.settings import Settings

#: Seconds a worker has for the requests in flight when it is told to stop.
_STOP_SECONDS = 10
#: Threads of each worker. One would do for Python, but a client that sends its body slowly holds
#: the thread that reads it; so many make that dear. A proxy that buffers requests makes it vain.
_THREADS = 32


def run(settings: Settings) -> None:
    """Serve until a signal ends it.

    Whatever can be wrong is found out here, before any worker starts: a worker that fails could
    only leave a trace.
    """
    address = free_address(settings.host, settings.port)
    prepare(settings)
    create_app(settings)
    _announce(settings)
    if settings.demo and not only_this_machine(address):
        click.echo(
            f"Whoever reaches {address} can log in: the demo's password is public.", err=True
        )
    server = Granian(
        "flask_watchword.service.app:create_app",
        address=address,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=_THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
        # Its warnings are advice on settings, the number of threads above among them.
        log_level=LogLevels.error,
    )
    server.serve(target_loader=partial(create_app, settings), wrap_loader=False)


def _announce(settings: Settings) -> None:
    url = url_of(settings.host, settings.port)
    click.echo(
        f"Watchword listens on {url} "
        f"({settings.workers} workers, accounts in {settings.database_file}). Ctrl+C stops it."
    )
    if settings.demo:
        click.echo(walkthrough(url, expired_demo_token(settings)))
    else:
        click.echo("Add an account with: watchword user add EMAIL")
