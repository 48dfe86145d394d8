"""Settings that are read anew on SIGHUP, for the workers that then take the others' places."""

import logging
from collections.abc import Callable

import click
from flask import Flask

from flask_watchword.cli.store_failures import one_line_store_failures
from flask_watchword.service.app import create_app, create_worker
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.stores import opened_stores, prepare

_logger = logging.getLogger(__name__)

#: What the first process has made something of already.
_FIXED = ("host", "port", "workers", "demo", "log_format", "log_level")


class LiveSettings:
    """The settings by which workers are made.

    They are pickled with all that belongs to them where workers are spawned and not forked.

    Args:
        read: reads them.

    Raises:
        InvalidSetting: when one cannot be used.
        StoreUnavailable: when a store does not answer.
    """

    def __init__(self, read: Callable[[], Settings]) -> None:
        self._read = read
        self.now = read()

    def make_ready(self) -> None:
        """Make the stores ready and try the application.

        Whatever can be wrong is found out here, in the first process: a worker that fails could
        only leave a trace.
        """
        _make_ready(self.now)

    def read_again(self) -> None:
        """Read them anew; where they cannot be used say why, and keep those of before."""
        try:
            with one_line_store_failures():
                settings = self._read()
                _make_ready(settings)
        except click.ClickException as error:
            _logger.error("the settings of before stay: %s", error.format_message())
            return
        changed = [name for name in _FIXED if getattr(settings, name) != getattr(self.now, name)]
        if changed:
            names = ", ".join(f"WATCHWORD_{name.upper()}" for name in changed)
            _logger.warning("only a restart changes %s", names)
        self.now = settings
        _logger.info("the settings are read anew; other workers take the place of these")

    def create_worker(self) -> Flask:
        """Return the service, in a process that is to serve it."""
        return create_worker(self.now)


def _make_ready(settings: Settings) -> None:
    prepare(settings)
    with opened_stores(settings) as stores:
        create_app(settings, stores=stores)
