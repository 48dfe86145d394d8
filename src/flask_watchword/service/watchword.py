"""``Watchword``: add the service to an application."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Self, cast

from flask import Flask

from flask_watchword.accounts.hash_shares import HashShares
from flask_watchword.accounts.passwords import Passwords
from flask_watchword.extension.resources import Closing, Resources, resources_of
from flask_watchword.extension.sessions.api import Sessions
from flask_watchword.extension.sessions.revocation_feed import RevocationFeed
from flask_watchword.extension.sessions.signals import refresh_repeated, refresh_reused
from flask_watchword.extension.state import EXTENSION_KEY, state_of
from flask_watchword.infra.temporary_database import TemporaryDatabase, is_in_memory
from flask_watchword.service.cleanup import Cleanup
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import (
    ServiceContext,
    Stores,
    has_context,
    install_context,
)
from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.feature import Feature
from flask_watchword.service.features.demo.demo_user import add_email_claim
from flask_watchword.service.features.sessions.repeated_refreshes import record_repeat, record_reuse
from flask_watchword.service.features.table import (
    active_features,
    build_api,
    code_lifetimes,
    endpoints_of,
    factors_of,
    notification_kinds,
    template_folders,
)
from flask_watchword.service.finished_requests import FinishedRequests
from flask_watchword.service.load_settings import read_app_settings
from flask_watchword.service.logs.access_log import AccessLog
from flask_watchword.service.mail.mailing import Mailing
from flask_watchword.service.metrics import Metrics, are_metrics_shared
from flask_watchword.service.middleware.cors import install_cors
from flask_watchword.service.middleware.request_layer import RequestLayer
from flask_watchword.service.openapi.document import api_document
from flask_watchword.service.origin_check import OriginCheck
from flask_watchword.service.responses import install_error_handlers
from flask_watchword.service.signing.signing_keys import live_keyring
from flask_watchword.service.stores import mail_transport, open_stores, prepare
from flask_watchword.service.tokens import (
    install_token_error_handlers,
    install_tokens,
    token_options,
)

#: The key of the instance in ``app.extensions``.
WATCHWORD_KEY = "watchword"
#: The keys of the managers of Flask-JWT-Extended and Flask-Watchword.
_MANAGERS = ("flask-jwt-extended", EXTENSION_KEY)
#: The keys of applications without a keyring.
_KEYS = ("JWT_SECRET_KEY", "JWT_PRIVATE_KEY", "JWT_PUBLIC_KEY")
#: Options of sessions that are settings of the service with the same name.
_OPTIONS_THAT_ARE_SETTINGS = ("WATCHWORD_SESSION_STORE", "WATCHWORD_REFRESH_GRACE")
#: The settings that determine these options.
_INSTEAD = {
    "JWT_ALGORITHM": "WATCHWORD_KEY_ALGORITHM",
    "JWT_ENCODE_ISSUER": "WATCHWORD_ISSUER",
    "JWT_DECODE_ISSUER": "WATCHWORD_ISSUER",
    "JWT_ENCODE_AUDIENCE": "WATCHWORD_AUDIENCE",
    "JWT_DECODE_AUDIENCE": "WATCHWORD_AUDIENCE",
    "JWT_ACCESS_TOKEN_EXPIRES": "WATCHWORD_ACCESS_TOKEN_SECONDS",
    "JWT_REFRESH_TOKEN_EXPIRES": "WATCHWORD_REFRESH_TOKEN_SECONDS",
    "WATCHWORD_SESSION_IDLE": "WATCHWORD_REFRESH_TOKEN_SECONDS",
    "WATCHWORD_SESSION_ABSOLUTE": "WATCHWORD_SESSION_SECONDS",
    "WATCHWORD_SESSIONS_PER_SUBJECT": "WATCHWORD_SESSIONS_PER_USER",
}


class Watchword:
    """Add the login service to an application.

    Protect views of the application with ``@jwt_required()``. Its error pages, options and tables
    are not changed: errors of the service's endpoints are JSON responses, and the tables of the
    service begin with ``watchword_``.

    Args:
        app: the application; without it, call :meth:`init_app` later.
        settings: the settings; by default ``WATCHWORD_*`` from ``app.config``, then from the
            environment.
        url_prefix: the prefix of the paths of the endpoints, such as ``/auth``.
        stores: open stores whose schema is in place; by default those that the settings name, which
            are prepared first.
        features: your own features, beside the built-in ones.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        settings: Settings | None = None,
        url_prefix: str = "",
        stores: Stores | None = None,
        features: Sequence[Feature] = (),
    ) -> None:
        self._settings = settings
        self._features = features
        self._url_prefix = url_prefix
        self._stores = stores
        self._closing = Closing()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Add the service to an application.

        Raises:
            RuntimeError: when the application has something that the service would replace: a
                JWTManager, an option or a path.
            InvalidSetting: when a setting cannot be used.
            StoreUnavailable: when a store does not answer.
        """
        settings = self._settings or read_app_settings(app.config, added=self._features)
        features = active_features(settings, self._features)
        served = endpoints_of(features)
        _refuse_managers(app)
        _refuse_paths(app, served, self._url_prefix)
        options = token_options(settings)
        _refuse_options(app, options, () if self._settings else _OPTIONS_THAT_ARE_SETTINGS)
        stores = self._stores
        resources = self._closing.add(app)
        if stores is None:
            settings, stores = _own_stores(settings, features, resources)
        context = _install(
            app,
            settings,
            features,
            stores,
            options,
            api_document(served, settings.service_name, self._url_prefix),
        )
        api = build_api(served, context)
        install_cors(app, api, self._url_prefix, settings)
        install_error_handlers(api)
        install_token_error_handlers(app, api)
        app.register_blueprint(api, url_prefix=self._url_prefix or None)
        app.wsgi_app = RequestLayer(app, api.name, context)  # type: ignore[method-assign]
        # The subject of another issuer may equal the id of a user.
        state_of(app).own_token_blueprints.add(api.name)
        app.extensions[WATCHWORD_KEY] = self

    def close(self) -> None:
        """Stop the background threads, and close the connections that Watchword opened.

        Call it for applications that no longer serve requests. It waits for a message that is being
        sent and for a thread that queries a store. An application that is garbage-collected is
        closed automatically. Stores that you passed stay open.
        """
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _own_stores(
    settings: Settings, features: Sequence[Feature], resources: Resources
) -> tuple[Settings, Stores]:
    """Open the stores that the settings name; return the settings with the database in use."""
    temporary = TemporaryDatabase() if is_in_memory(settings.database) else None
    if temporary is not None:
        settings = replace(settings, database=temporary.url)
    prepare(settings, features)
    stores = open_stores(settings, features)
    resources.own(stores)
    if temporary is not None:
        resources.own(temporary)  # closed after the stores that use it
    return settings, stores


def _install(
    app: Flask,
    settings: Settings,
    features: Sequence[Feature],
    stores: Stores,
    options: Mapping[str, Any],
    description: bytes,
) -> ServiceContext:
    keys = live_keyring(settings, stores.keys)
    tokens = install_tokens(app, options, keys)
    if settings.demo:
        add_email_claim(tokens)
    app.config["WATCHWORD_SESSION_STORE"] = stores.sessions
    mailing = Mailing(
        stores.accounts.repositories.outbox,
        mail_transport(settings),
        settings,
        notification_kinds(features),
        template_folders(features),
        idle=Cleanup(stores.cleanup).run,
        resources=resources_of(app),
    )
    sessions, passwords = Sessions(app), Passwords()
    # Not a method of `sessions`, which would need the application in the thread that counts.
    feed = cast(RevocationFeed, state_of(app).revocations)
    metrics = Metrics(feed.metrics, lambda: passwords.waiting)
    metrics.count_sessions(app)
    log = AccessLog()
    finished = FinishedRequests(
        metrics.count_requests,
        log.write,
        shares_metrics=are_metrics_shared(),
        resources=resources_of(app),
    )
    context = ServiceContext(
        settings=settings,
        stores=stores,
        sessions=sessions,
        passwords=passwords,
        keys=keys,
        mailing=mailing,
        origins=OriginCheck(settings),
        description=description,
        metrics=metrics,
        finished=finished,
        access_log=log,
        # A function, because a worker gets its share of the cores later.
        hash_shares=HashShares(lambda: passwords.capacity),
        factors=factors_of(features),
        code_lifetimes=code_lifetimes(settings, features),
        login_checks=[check for feature in features for check in feature.login_checks],
    )
    state_of(app).check_cookie_request = context.origins.check_change
    install_context(app, context)
    _record_refreshes(app, context)
    return context


def _record_refreshes(app: Flask, context: ServiceContext) -> None:
    reuse, repeat = partial(record_reuse, context), partial(record_repeat, context)
    # The application holds the receivers, since signals refer to them weakly.
    app.extensions["watchword_receivers"] = (reuse, repeat)
    refresh_reused.connect(reuse, app)
    refresh_repeated.connect(repeat, app)


def _refuse_managers(app: Flask) -> None:
    if has_context(app):
        raise RuntimeError("Watchword is a part of this application already")
    if any(name in app.extensions for name in _MANAGERS):
        raise RuntimeError(
            "this application has a JWTManager, and Watchword brings one: remove JWTManager(app)"
        )


def _refuse_paths(app: Flask, served: Iterable[Endpoint], prefix: str) -> None:
    taken = {
        (method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods or ()
    }
    for one in served:
        if (one.method, prefix + one.path) in taken:
            raise RuntimeError(
                f"this application has a view for {one.method} {prefix + one.path}, which "
                "Watchword would serve: give Watchword a url_prefix"
            )


def _refuse_options(app: Flask, options: Mapping[str, Any], as_settings: Container[str]) -> None:
    ours = [*options, *_KEYS, *_OPTIONS_THAT_ARE_SETTINGS]
    set_otherwise = [
        name
        for name in dict.fromkeys(ours)
        if name in app.config and name not in as_settings and app.config[name] != options.get(name)
    ]
    if set_otherwise:
        instead = [_INSTEAD[name] for name in set_otherwise if name in _INSTEAD]
        raise RuntimeError(
            f"Watchword sets {', '.join(set_otherwise)}: remove this from app.config; "
            + (f"set {', '.join(instead)}" if instead else "see docs/reference/settings.md")
        )
