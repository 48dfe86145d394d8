from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_watchword.accounts.passwords import Passwords
from flask_watchword.accounts.users import User, new_user
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores, has_context
from tests.memory_stores.users import MemoryUserStore
from tests.service.declared import hold_to_its_declaration
from tests.service.places import stores_around
from tests.service.site import Site, site

PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _answers_are_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold every answer of every test to what its endpoint declares, and so to its description."""
    ask = FlaskClient.open

    def asked(self: FlaskClient, *args: Any, **kwargs: Any) -> TestResponse:
        answer = ask(self, *args, **kwargs)
        if has_context(self.application):
            hold_to_its_declaration(self.application, answer)
        return answer

    monkeypatch.setattr(FlaskClient, "open", asked)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        database=f"sqlite:///{tmp_path}/unused.db", master_key="A" * 43, demo=True, workers=1
    )


@pytest.fixture(scope="session")
def password_hash() -> str:
    return Passwords().hash(PASSWORD)


@pytest.fixture
def ada(password_hash: str) -> User:
    return new_user("Ada@Example.com", password_hash, 0.0)


@pytest.fixture
def users(ada: User) -> MemoryUserStore:
    store = MemoryUserStore()
    store.add(ada)
    return store


@pytest.fixture
def stores(users: MemoryUserStore) -> Stores:
    return stores_around(users)


@pytest.fixture
def app(settings: Settings, stores: Stores) -> Flask:
    return create_app(settings, stores=stores)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def tokens(client: FlaskClient) -> dict[str, str]:
    """The answer to a login."""
    answer = client.post("/login", json={"email": "ada@example.com", "password": PASSWORD})
    assert answer.status_code == 200
    body: dict[str, str] = answer.get_json()
    return body


@pytest.fixture
def ours(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A service over a database: SQLite, and PostgreSQL."""
    with site(database_url, monkeypatch) as found:
        yield found


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
