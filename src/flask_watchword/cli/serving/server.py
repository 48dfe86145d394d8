"""Prepare the stores in the main process, then serve with worker processes."""

import gc
import logging
import multiprocessing
from collections.abc import Callable
from functools import partial

import click
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from flask_watchword.cli.address import describe_address, free_address, is_loopback, local_url
from flask_watchword.cli.serving.reload import ReloadableSettings
from flask_watchword.cli.serving.request_worker import serve_requests
from flask_watchword.cli.serving.worker_server import WorkerServer
from flask_watchword.cli.store_urls import store_name
from flask_watchword.service.app import expired_demo_token
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.features.demo.walkthrough import walkthrough
from flask_watchword.service.logs.configuration import configure_logs, log_configuration
from flask_watchword.service.stores import first_admin_code

_logger = logging.getLogger(__name__)

#: Seconds a stopping worker has to finish its requests in flight.
_STOP_SECONDS = 10
#: Seconds that a reload gives a new worker to start before the old one is stopped. If starting
#: takes longer, requests wait for the new worker.
_OVERLAP_SECONDS = 1.0
#: Seconds that a connection, new or kept alive, may stay open without a complete request head. More
#: than the 60 for which proxies keep connections, so that no proxy uses one that is being closed.
_HEADER_SECONDS = 75
#: Threads of each worker: more than Python uses at once, since many wait for a store or for a hash.
_THREADS = 32


def run(read: Callable[[], Settings]) -> None:
    """Serve until a signal stops the server.

    Args:
        read: reads the settings, now and on each SIGHUP.
    """
    reloadable = ReloadableSettings(read)
    settings = reloadable.current
    configure_logs(settings)
    address = free_address(settings.host, settings.port)
    reloadable.prepare_stores()
    _prefer_forks()
    server = WorkerServer(
        "flask_watchword.service.app:create_worker",
        address=address,
        port=settings.port,
        interface=Interfaces.WSGI,
        # With HTTP/2 granian never notices that the rest of a body will not arrive: the thread that
        # reads it is lost, and a few connections block all threads.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=1000 * _HEADER_SECONDS),
        workers=settings.workers,
        blocking_threads=_THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
        respawn_interval=_OVERLAP_SECONDS,
        # Granian's warnings are advice on settings, such as the number of threads above.
        log_level=LogLevels.error,
        log_dictconfig=log_configuration(settings),  # for the workers as well
    )
    # Granian calls these when the sockets listen: a client that reads the message can connect.
    server.on_startup(partial(_announce, settings, address))
    server.on_startup(_enable_garbage_collection)
    server.on_reload(reloadable.reload)
    server.serve(serve_requests, target_loader=reloadable.create_worker, wrap_loader=False)


def _prefer_forks() -> None:
    # From Python 3.14 on, Linux defaults to "forkserver", for which granian would spawn workers:
    # each would import everything again, into memory of its own.
    if multiprocessing.get_start_method() == "forkserver":
        multiprocessing.set_start_method("fork", force=True)


def _enable_garbage_collection() -> None:
    # Objects that exist now stay: workers need not scan them, which would copy their memory.
    gc.freeze()
    gc.enable()


def _announce(settings: Settings, address: str) -> None:
    url = local_url(settings.host, settings.port)
    where = describe_address(address, url, settings.port)
    stores = f"accounts in {store_name(settings.database)}"
    if settings.sessions_elsewhere is not None:
        stores += f", sessions in {store_name(settings.sessions_elsewhere)}"
    message = f"Watchword listens on {where} ({settings.workers} workers, {stores})."
    if settings.log_format == "json":
        _logger.info(message)
    else:
        click.echo(f"{message} Ctrl+C stops it.")
    if settings.demo:
        click.echo(walkthrough(url, expired_demo_token(settings)))
        if not is_loopback(address):
            click.echo(
                f"Anyone who can reach {address} can log in: the demo password is public.", err=True
            )
        return
    if settings.log_format == "text":
        click.echo(f"API documentation: {url}/docs")
    if "bootstrap_admin" in settings.disabled_features:
        return
    code = first_admin_code(settings)
    if code is not None:
        # Not logged, because it is equivalent to a password; shown to the operator only.
        click.echo(
            "There is no admin yet. Create one with this single-use link, which expires in an hour "
            "and is not shown again, or with: watchword user add EMAIL --role admin\n"
            f"  {url}/setup#code={code}"
        )
