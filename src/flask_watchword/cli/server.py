"""Prepare everything in this process, then let worker processes serve."""

import logging
from collections.abc import Callable

import click
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from flask_watchword.cli.address import free_address, only_this_machine, url_of
from flask_watchword.cli.live_settings import LiveSettings
from flask_watchword.cli.upkeep import place
from flask_watchword.cli.walkthrough import walkthrough
from flask_watchword.service.app import expired_demo_token
from flask_watchword.service.logs.configuration import configure_logs, log_configuration
from flask_watchword.service.settings import Settings
from flask_watchword.service.stores import first_admin_code

_logger = logging.getLogger(__name__)

#: Seconds a worker has for the requests in flight when it is told to stop.
_STOP_SECONDS = 10
#: Threads of each worker. One would do for Python, but a client that sends its body slowly holds
#: the thread that reads it; so many make that dear. A proxy that buffers requests makes it vain.
_THREADS = 32


def run(read: Callable[[], Settings]) -> None:
    """Serve until a signal ends it.

    Args:
        read: reads the settings, now and on each SIGHUP.
    """
    live = LiveSettings(read)
    settings = live.now
    configure_logs(settings)
    address = free_address(settings.host, settings.port)
    live.make_ready()
    _announce(settings)
    if settings.demo and not only_this_machine(address):
        click.echo(
            f"Whoever reaches {address} can log in: the demo's password is public.", err=True
        )
    server = Granian(
        "flask_watchword.service.app:create_worker",
        address=address,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=_THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
        # Its warnings are advice on settings, the number of threads above among them.
        log_level=LogLevels.error,
        log_dictconfig=log_configuration(settings),  # of the workers as well
    )
    server.on_reload(live.read_again)
    server.serve(target_loader=live.create_worker, wrap_loader=False)


def _announce(settings: Settings) -> None:
    url = url_of(settings.host, settings.port)
    kept = f"accounts in {place(settings.database)}"
    if settings.sessions_elsewhere is not None:
        kept += f", sessions in {place(settings.sessions_elsewhere)}"
    listens = f"Watchword listens on {url} ({settings.workers} workers, {kept})."
    if settings.log_format == "json":
        _logger.info(listens)
    else:
        click.echo(f"{listens} Ctrl+C stops it.")
    if settings.demo:
        click.echo(walkthrough(url, expired_demo_token(settings)))
        return
    if settings.log_format == "text":
        click.echo(f"What it answers to: {url}/docs")
    code = first_admin_code(settings)
    if code is not None:
        # Not logged, since it is as good as a password; shown to who has started the service.
        click.echo(
            "There is no admin yet. Make one within an hour by this link, which is good once and "
            f"shown once, or by: watchword user add EMAIL --role admin\n  {url}/setup#code={code}"
        )
