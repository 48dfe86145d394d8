"""Prepare everything in this process, then let worker processes serve."""

import gc
import logging
import multiprocessing
from collections.abc import Callable
from functools import partial

import click
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from flask_watchword.cli.address import free_address, only_this_machine, place_of, url_of
from flask_watchword.cli.serving.reload import LiveSettings
from flask_watchword.cli.serving.request_worker import serve_requests
from flask_watchword.cli.serving.worker_server import WorkerServer
from flask_watchword.cli.store_urls import place
from flask_watchword.service.app import expired_demo_token
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.features.demo.walkthrough import walkthrough
from flask_watchword.service.logs.configuration import configure_logs, log_configuration
from flask_watchword.service.stores import first_admin_code

_logger = logging.getLogger(__name__)

#: Seconds a worker has for the requests in flight when it is told to stop.
_STOP_SECONDS = 10
#: Seconds that a reload gives another worker to begin, before the one in whose place it comes is
#: told to stop. Where it takes longer, what is asked meanwhile waits for it.
_OVERLAP_SECONDS = 1.0
#: Seconds that a connection may be open without the whole head of a request: a new one, or one that
#: is kept open. More than the 60 for which proxies keep one, so that none asks on one that closes.
_HEADER_SECONDS = 75
#: Threads of each worker: more than Python needs, since many wait for a store or for a hash.
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
    _prefer_forks()
    server = WorkerServer(
        "flask_watchword.service.app:create_worker",
        address=address,
        port=settings.port,
        interface=Interfaces.WSGI,
        # Of HTTP/2 granian never learns that a body which has begun will not come: the thread that
        # reads it is lost, and a few connections take all of them.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=1000 * _HEADER_SECONDS),
        workers=settings.workers,
        blocking_threads=_THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
        respawn_interval=_OVERLAP_SECONDS,
        # Its warnings are advice on settings, the number of threads above among them.
        log_level=LogLevels.error,
        log_dictconfig=log_configuration(settings),  # of the workers as well
    )
    # Granian calls these when the sockets listen: who reads that it listens can connect.
    server.on_startup(partial(_announce, settings, address))
    server.on_startup(_look_for_garbage)
    server.on_reload(live.read_again)
    server.serve(serve_requests, target_loader=live.create_worker, wrap_loader=False)


def _prefer_forks() -> None:
    # The default on Linux from Python 3.14 on, instead of which granian would spawn workers: each
    # would import everything anew, and have memory of its own for it.
    if multiprocessing.get_start_method() == "forkserver":
        multiprocessing.set_start_method("fork", force=True)


def _look_for_garbage() -> None:
    # What is there by now stays: no worker need look at it, nor copy its memory for that.
    gc.freeze()
    gc.enable()


def _announce(settings: Settings, address: str) -> None:
    url = url_of(settings.host, settings.port)
    where = place_of(address, url, settings.port)
    kept = f"accounts in {place(settings.database)}"
    if settings.sessions_elsewhere is not None:
        kept += f", sessions in {place(settings.sessions_elsewhere)}"
    listens = f"Watchword listens on {where} ({settings.workers} workers, {kept})."
    if settings.log_format == "json":
        _logger.info(listens)
    else:
        click.echo(f"{listens} Ctrl+C stops it.")
    if settings.demo:
        click.echo(walkthrough(url, expired_demo_token(settings)))
        if not only_this_machine(address):
            click.echo(
                f"Anyone who reaches {address} can log in: the demo's password is public.", err=True
            )
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
