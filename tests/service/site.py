"""The whole service over a database, whose mail is read where it waits."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.outbox import Mail
from flask_watchword.accounts.passwords import HashProfile, Passwords
from flask_watchword.accounts.users import User, new_user
from flask_watchword.clock import system_clock
from flask_watchword.extension.state import state_of
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import ServiceContext, service_context
from flask_watchword.service.mail.mailing import Mailing
from flask_watchword.service.stores import opened_stores

GOOD = "correct horse battery staple"
BETTER = "seven lazy otters juggle"
EMAIL = "Ada@Example.com"

CHEAPEST = HashProfile(memory_kib=8, time_cost=1, parallelism=1)


class Site:
    """A service, somebody who asks it, and everybody's mailbox."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()

    @property
    def parts(self) -> ServiceContext:
        with self.app.app_context():
            return service_context()

    def post(self, path: str, token: str | None = None, /, **body: Any) -> TestResponse:
        return self.ask("POST", path, token, **body)

    def ask(self, method: str, path: str, token: str | None = None, /, **body: Any) -> TestResponse:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.client.open(path, method=method, json=body, headers=headers)

    def me(self, token: str) -> TestResponse:
        return self.client.get("/me", headers={"Authorization": f"Bearer {token}"})

    def add(self, email: str = EMAIL, password: str = GOOD) -> User:
        """Add a user without a word to anybody."""
        user = new_user(email, self.parts.passwords.hash(password), system_clock())
        self.parts.stores.users.add(user)
        return user

    def add_verified(self, email: str = EMAIL, password: str = GOOD) -> User:
        """Add a user who has shown that mail reaches them."""
        user = self.add(email, password)
        self.parts.stores.users.verify_email(user.id, user.email_key, system_clock())
        return user

    def user(self, email: str = EMAIL) -> User | None:
        return self.parts.stores.users.by_email(email_key(email))

    def log_in(self, email: str = EMAIL, password: str = GOOD) -> TestResponse:
        return self.post("/login", email=email, password=password)

    def pair(self, email: str = EMAIL, password: str = GOOD) -> dict[str, Any]:
        answer = self.log_in(email, password)
        assert answer.status_code == 200, answer.get_json()
        body: dict[str, Any] = answer.get_json()
        return body

    def mail(self) -> list[Mail]:
        """Return the mail that waits, decoys apart, and take it out."""
        outbox, found = self.parts.repositories.outbox, []
        while claimed := outbox.claim(system_clock() + 1.0, 600.0):
            outbox.sent(claimed.mail.id, system_clock())
            if not claimed.mail.is_decoy:
                found.append(claimed.mail)
        return found

    def code(self) -> str:
        """Return the code of the one message with a code that waits."""
        (code,) = [code for mail in self.mail() for code in codes_in(mail.body.text)]
        return code

    def events(self) -> list[str]:
        """Return the names of what the audit log has, the oldest first."""
        log = self.parts.repositories.audit_log
        return [entry.event.event for entry in log.after(0, 1000)]


def told(answer: TestResponse) -> dict[str, str]:
    """Return the headers of an answer but its name, which no two have in common."""
    return {name: value for name, value in answer.headers if name != "X-Request-ID"}


def code_in(text: str) -> str:
    (code,) = codes_in(text)
    return code


def codes_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if re.fullmatch(r"[\w-]{43}", line)]


@contextmanager
def site(database: str, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Iterator[Site]:
    """Lend a service over a prepared database that sends no mail."""
    monkeypatch.setattr(Mailing, "ensure_running", lambda self: None)
    settings = site_settings(database, **changes)
    with opened_stores(settings) as stores:
        app = create_app(settings, stores=stores)
        try:
            yield Site(app)
        finally:
            # Or its thread would open the database anew once that is closed.
            feed = state_of(app).revocations
            assert feed is not None
            feed.close()


def site_settings(database: str, **changes: Any) -> Settings:
    """Return the settings of a service over a database."""
    return Settings(database=database, master_key="A" * 43, workers=1, **changes)


def cheap_passwords() -> Passwords:
    return Passwords(CHEAPEST)


Failing = Callable[..., None]


def failing(error: Exception) -> Failing:
    """Return what raises an error, however it is called."""

    def fail(*_: object, **__: object) -> None:
        raise error

    return fail
