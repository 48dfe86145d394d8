"""Prepare the stores in the main process, then serve with worker processes."""

import gc
import logging
import multiprocessing
from collections.abc import Callable

import click

from flask_watchword.cli.address import describe_address, free_address, is_loopback, local_url
from flask_watchword.cli.serving.limits import raise_file_limit
from flask_watchword.cli.serving.listeners import listening_sockets
from flask_watchword.cli.serving.reload import ReloadableSettings
from flask_watchword.cli.serving.supervisor import Supervisor
from flask_watchword.cli.serving.worker import Worker
from flask_watchword.cli.store_urls import store_name
from flask_watchword.service.app import expired_demo_token
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.features.demo.walkthrough import walkthrough
from flask_watchword.service.logs.configuration import configure_logs, log_configuration
from flask_watchword.service.stores import first_admin_code

_logger = logging.getLogger(__name__)

#: Connections that may wait at each socket until a worker accepts them; Linux allows 4096.
_BACKLOG = 4096


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
    worker = Worker(
        reloadable.create_worker, log_configuration(settings), raise_file_limit(), _BACKLOG
    )
    listeners = listening_sockets(address, settings.port, settings.workers, _BACKLOG)
    # Announced when the sockets listen: a client that reads the message can connect.
    _announce(settings, address)
    _enable_garbage_collection()
    Supervisor(worker, listeners, settings.workers, reloadable.reload).run()


def _prefer_forks() -> None:
    # From Python 3.14 on, Linux defaults to "forkserver", which imports everything again, into
    # memory of its own.
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
