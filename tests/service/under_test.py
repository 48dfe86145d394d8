"""The whole service over a database, with a test client and a readable outbox."""

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


class ServiceUnderTest:
    """A service with a test client and access to its outbox and audit log."""

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
        """Add a user without sending a message."""
        user = new_user(email, self.parts.passwords.hash(password), system_clock())
        self.parts.stores.users.add(user)
        return user

    def add_verified(self, email: str = EMAIL, password: str = GOOD) -> User:
        """Add a user with a verified e-mail address."""
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
        """Return the queued messages without decoys, and remove them from the queue."""
        outbox, found = self.parts.repositories.outbox, []
        while claimed := outbox.claim(system_clock() + 1.0, 600.0):
            outbox.sent(claimed.mail.id, system_clock())
            if not claimed.mail.is_decoy:
                found.append(claimed.mail)
        return found

    def code(self) -> str:
        """Return the code of the only queued message that has one."""
        (code,) = [code for mail in self.mail() for code in codes_in(mail.body.text)]
        return code

    def events(self) -> list[str]:
        """Return the names of the audit events, oldest first."""
        log = self.parts.repositories.audit_log
        return [entry.event.event for entry in log.after(0, 1000)]


def headers_without_id(answer: TestResponse) -> dict[str, str]:
    """Return the headers of a response without its request id, which differs for every request."""
    return {name: value for name, value in answer.headers if name != "X-Request-ID"}


def code_in(text: str) -> str:
    (code,) = codes_in(text)
    return code


def codes_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if re.fullmatch(r"[\w-]{43}", line)]


@contextmanager
def service_under_test(
    database: str, monkeypatch: pytest.MonkeyPatch, **changes: Any
) -> Iterator[ServiceUnderTest]:
    """Yield a service over a prepared database, with the mail thread disabled."""
    monkeypatch.setattr(Mailing, "ensure_running", lambda self: None)
    settings = service_settings(database, **changes)
    with opened_stores(settings) as stores:
        app = create_app(settings, stores=stores)
        try:
            yield ServiceUnderTest(app)
        finally:
            # Otherwise the mail thread would reopen the database after it is closed.
            feed = state_of(app).revocations
            assert feed is not None
            feed.close()


def service_settings(database: str, **changes: Any) -> Settings:
    """Return the settings of a service over a database."""
    return Settings(database=database, master_key="A" * 43, workers=1, **changes)


def cheap_passwords() -> Passwords:
    return Passwords(CHEAPEST)


Failing = Callable[..., None]


def failing(error: Exception) -> Failing:
    """Return a callable that raises an error for any arguments."""

    def fail(*_: object, **__: object) -> None:
        raise error

    return fail
