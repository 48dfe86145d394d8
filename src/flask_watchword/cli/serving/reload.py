"""Reload the settings on SIGHUP, for the workers that then replace the current ones."""

import logging
from collections.abc import Callable
from typing import Any

import click
from flask import Flask

from flask_watchword.cli.store_failures import one_line_store_failures
from flask_watchword.extension.sessions.revocation_feed import KnownRevocations
from flask_watchword.service.app import create_app, create_worker, load_revocations
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.stores import opened_stores, prepare

_logger = logging.getLogger(__name__)

#: Settings that the main process has already applied; only a restart changes them.
_FIXED = ("host", "port", "workers", "demo", "log_format", "log_level")


class ReloadableSettings:
    """The current settings, from which worker processes are created.

    Pickled if workers are spawned rather than forked.

    Args:
        read: reads the settings.

    Raises:
        InvalidSetting: if a setting is invalid.
        StoreUnavailable: if a store does not respond.
    """

    def __init__(self, read: Callable[[], Settings]) -> None:
        self._read = read
        self.current = read()
        self._revocations: KnownRevocations | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what a spawned worker gets: it reads the revocations by itself."""
        return {**self.__dict__, "_revocations": None}

    def prepare_stores(self) -> None:
        """Prepare the stores, create the application once and read the revocations.

        Errors are found here, in the main process: a worker that fails could only log a traceback.
        Forked workers share the memory of the revocations.
        """
        self._revocations = _prepare_stores(self.current)

    def reload(self) -> None:
        """Read the settings again; if they are invalid, log why and keep the current ones."""
        try:
            with one_line_store_failures():
                settings = self._read()
                revocations = _prepare_stores(settings)
        except click.ClickException as error:
            _logger.error("keeping the previous settings: %s", error.format_message())
            return
        changed = [
            name for name in _FIXED if getattr(settings, name) != getattr(self.current, name)
        ]
        if changed:
            names = ", ".join(f"WATCHWORD_{name.upper()}" for name in changed)
            _logger.warning("only a restart changes %s", names)
        self.current, self._revocations = settings, revocations
        _logger.info("settings reloaded; replacing the workers")

    def create_worker(self) -> Flask:
        """Return the application, in the worker process that is to serve it."""
        return create_worker(self.current, self._revocations)


def _prepare_stores(settings: Settings) -> KnownRevocations:
    prepare(settings)
    with opened_stores(settings) as stores:
        return load_revocations(create_app(settings, stores=stores))
