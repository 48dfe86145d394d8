"""The service as a standalone application."""

import contextlib
from typing import Any, cast

from flask import Flask, request

from flask_watchword.extension.resources import resources_of
from flask_watchword.extension.sessions.revocation_feed import KnownRevocations
from flask_watchword.extension.sessions.session_context import revocation_feed
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores, context_of
from flask_watchword.service.features.demo.demo_user import make_expired_token
from flask_watchword.service.load_settings import read_settings
from flask_watchword.service.middleware.path_prefix import ForwardedPrefix
from flask_watchword.service.middleware.request_layer import RequestLayer
from flask_watchword.service.responses import install_error_handlers
from flask_watchword.service.stores import open_stores, opened_stores
from flask_watchword.service.watchword import Watchword


class _Service(Flask):
    """An application that logs errors without the path that the client sent."""

    def log_exception(self, exc_info: Any) -> None:
        """Log an unhandled exception with its traceback."""
        rule = request.url_rule
        path = "-" if rule is None else rule.rule
        self.logger.error("error in %s %s", request.method, path, exc_info=exc_info)


def create_app(settings: Settings | None = None, *, stores: Stores | None = None) -> Flask:
    """Return the service as a standalone Flask application.

    Call :func:`~flask_watchword.service.stores.prepare` once before any worker starts.

    Args:
        settings: the settings; read from the environment by default.
        stores: the stores; by default those that the settings name. The caller closes stores that
            are passed; others are closed with ``app.extensions["watchword"].close()``, or when the
            application is garbage-collected.

    Raises:
        InvalidSetting: when a setting cannot be used.
    """
    settings = settings or read_settings()
    app = _Service("flask_watchword.service", static_folder=None)
    # For the whole application, so that responses for unknown paths are JSON as well.
    install_error_handlers(app)
    if stores is None:
        stores = open_stores(settings)
        resources_of(app).own(stores)
    Watchword(app, settings=settings, stores=stores)
    layer = cast(RequestLayer, app.wsgi_app)
    layer.is_standalone = True
    if settings.trusted_proxies:
        app.wsgi_app = ForwardedPrefix(layer, settings.trusted_proxies)  # type: ignore[method-assign]
    return app


def create_worker(settings: Settings, revocations: KnownRevocations | None = None) -> Flask:
    """Return the application of :func:`create_app`, in a process that serves it.

    E-mail is sent from the start, because messages of an earlier process may be queued. The cores
    for hashing are shared with the other workers. The revocations are read before the first
    request, which would otherwise wait until they are.

    Args:
        settings: the settings.
        revocations: the revocations that the main process knew when it forked this one.
    """
    app = create_app(settings)
    # While the store is down the worker starts all the same, and its requests are answered 503.
    with contextlib.suppress(StoreUnavailable):
        load_revocations(app, revocations)
    context = context_of(app)
    context.passwords.share_cores(settings.workers)
    context.mailing.ensure_running()
    return app


def load_revocations(app: Flask, known: KnownRevocations | None = None) -> KnownRevocations:
    """Read the revocations into the copy of an application; return it.

    Args:
        app: the application.
        known: a copy of an earlier time, with which the application begins.

    Raises:
        StoreUnavailable: when the session store does not answer.
    """
    feed = revocation_feed(app)
    if known is not None:
        feed.continue_from(known)
    return feed.load()


def expired_demo_token(settings: Settings) -> str:
    """Return an expired access token of the demo's user, for ``POST /expired``."""
    with opened_stores(settings) as stores:
        return make_expired_token(create_app(settings, stores=stores), stores.users)
