"""What the endpoints work with, built once per application."""

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from flask_watchword.accounts.passwords import Passwords
from flask_watchword.accounts.store import UserStore
from flask_watchword.accounts.throttling import ThrottleStore
from flask_watchword.accounts.unit_of_work import UnitOfWork
from flask_watchword.extension.sessions import Sessions
from flask_watchword.keys.store import KeyStore
from flask_watchword.service.live_keyring import LiveKeyring
from flask_watchword.service.settings import Settings
from flask_watchword.sessions.store import SessionStore

_KEY = "watchword_service"


@dataclass(frozen=True, slots=True)
class Stores:
    """Where everything is kept.

    Attributes:
        accounts: users, codes, second factors, mail and the audit log; several of them are
            changed as one.
        throttle: how often somebody has tried. It is no part of a change: a try counts although
            its request fails.
        sessions: who is logged in, and what was revoked.
        keys: what signs and verifies the tokens.
    """

    accounts: UnitOfWork
    throttle: ThrottleStore
    sessions: SessionStore
    keys: KeyStore

    @property
    def users(self) -> UserStore:
        """Return the accounts themselves, each call of which is a change of its own."""
        return self.accounts.stores.users


@dataclass(frozen=True, slots=True)
class Components:
    """The parts an endpoint may ask for."""

    settings: Settings
    stores: Stores
    sessions: Sessions
    passwords: Passwords
    keys: LiveKeyring


def install_components(app: Flask, components: Components) -> None:
    """Make the components those of this application."""
    app.extensions[_KEY] = components


def has_components(app: Flask) -> bool:
    """Tell whether the service is part of an application already."""
    return _KEY in app.extensions


def components() -> Components:
    """Return the components of the current application."""
    return cast(Components, current_app.extensions[_KEY])
