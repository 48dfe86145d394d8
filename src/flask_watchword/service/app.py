"""Put the service together. The only place that knows which stores there are."""

import contextlib
from collections.abc import Iterator

from flask import Flask

from flask_watchword.accounts.passwords import Passwords
from flask_watchword.accounts.store import UserStore
from flask_watchword.clock import system_clock
from flask_watchword.service.answers import install_refusals
from flask_watchword.service.api import build_api
from flask_watchword.service.components import Components, install_components
from flask_watchword.service.demo import (
    add_demo_user,
    carry_email,
    make_expired_token,
    refuse_demo_user,
)
from flask_watchword.service.settings import Settings, read_settings
from flask_watchword.service.signing_secret import signing_secret
from flask_watchword.service.tokens import install_tokens
from flask_watchword.stores.sql.engine import open_engine
from flask_watchword.stores.sql.schema import upgrade_schema
from flask_watchword.stores.sql.users import SqlUserStore

#: Seconds that one starting process waits for another's migration.
_MIGRATION_SECONDS = 60.0


def create_app(settings: Settings | None = None, *, users: UserStore | None = None) -> Flask:
    """Return the service as a Flask application.

    The schema must be in place: :func:`prepare` sees to it, once, before any worker starts.

    Args:
        settings: what to serve; read from the environment when not given.
        users: where the accounts are, when not in the database of the settings.

    Raises:
        InvalidSetting: when a setting cannot be used.
    """
    settings = settings or read_settings()
    app = Flask("flask_watchword.service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_request_bytes
    parts = Components(
        settings=settings,
        users=SqlUserStore(open_engine(settings.database)) if users is None else users,
        passwords=Passwords(),
    )
    install_components(app, parts)
    install_refusals(app)
    tokens = install_tokens(app, settings, signing_secret(settings))
    if settings.demo:
        carry_email(tokens)
    app.register_blueprint(build_api(demo=settings.demo))
    return app


@contextlib.contextmanager
def opened_users(settings: Settings) -> Iterator[UserStore]:
    """Lend the accounts in the database of these settings, and close every connection after."""
    engine = open_engine(settings.database)
    try:
        yield SqlUserStore(engine)
    finally:
        engine.dispose()


def expired_demo_token(settings: Settings) -> str:
    """Return a token for ``POST /expired``, made as :func:`create_app` would have made it."""
    with opened_users(settings) as users:
        return make_expired_token(create_app(settings, users=users))


def prepare(settings: Settings) -> None:
    """Make the database ready to be served: schema, signing secret, and the demo's user.

    Safe to call from several processes at once; afterwards no connection is left open, so that
    the caller may fork.

    Raises:
        InvalidSetting: when the secret cannot be kept, or when a demo and real accounts meet in
            this database.
        StoreUnavailable: when the database cannot be opened.
    """
    engine = open_engine(settings.database, busy_seconds=_MIGRATION_SECONDS)
    try:
        upgrade_schema(engine)
        signing_secret(settings)
        users, passwords = SqlUserStore(engine), Passwords()
        if settings.demo:
            add_demo_user(users, passwords, system_clock)
        else:
            refuse_demo_user(users, passwords)
    finally:
        engine.dispose()
