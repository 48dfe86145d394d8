from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import URL
from werkzeug.test import TestResponse

from flask_watchword.accounts.users import User, new_user
from flask_watchword.extension.sessions.session_context import TokenPair
from flask_watchword.service import watchword
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores, has_context, service_context
from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.openapi.document import api_document
from flask_watchword.service.stores import prepare
from flask_watchword.service.tokens import PASSWORD_METHOD, AuthenticationContext
from tests.memory_stores.users import MemoryUserStore
from tests.servers.postgres import new_database
from tests.service.declared import check_response
from tests.service.places import stores_around
from tests.service.under_test import (
    ServiceUnderTest,
    cheap_passwords,
    service_settings,
    service_under_test,
)

PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _answers_are_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check every response of every test against what its endpoint declares."""
    ask = FlaskClient.open

    def checked(self: FlaskClient, *args: Any, **kwargs: Any) -> TestResponse:
        answer = ask(self, *args, **kwargs)
        if has_context(self.application):
            check_response(self.application, answer)
        return answer

    monkeypatch.setattr(FlaskClient, "open", checked)


@pytest.fixture(scope="session", autouse=True)
def _described_once() -> Iterator[None]:
    """Build identical API descriptions once for all applications."""
    descriptions: dict[Any, bytes] = {}

    def described(served: Sequence[Endpoint], title: str, prefix: str) -> bytes:
        key = (tuple(map(id, served)), title, prefix)  # endpoints live as long as their modules
        if key not in descriptions:
            descriptions[key] = api_document(served, title, prefix)
        return descriptions[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watchword, "api_document", described)
        yield


@pytest.fixture(scope="session", autouse=True)
def _cheap_hashes() -> Iterator[None]:
    """Hash with the cheapest parameters in these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watchword, "Passwords", cheap_passwords)
        yield


@pytest.fixture(scope="session")
def sqlite_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema and the first signing key."""
    file = tmp_path_factory.mktemp("prepared") / "template.db"
    file.write_bytes(sqlite_template.read_bytes())
    prepare(service_settings(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres_server: URL, postgres_template: URL) -> Iterator[URL]:
    """A PostgreSQL database with the schema and the first signing key."""
    name = f"prepared_{uuid4().hex}"
    with new_database(postgres_server, name, str(postgres_template.database)) as url:
        prepare(service_settings(url.render_as_string(hide_password=False)))
        yield url


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        database=f"sqlite:///{tmp_path}/unused.db", master_key="A" * 43, demo=True, workers=1
    )


@pytest.fixture(scope="session")
def password_hash() -> str:
    return cheap_passwords().hash(PASSWORD)


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
    """The response to a login."""
    answer = client.post("/login", json={"email": "ada@example.com", "password": PASSWORD})
    assert answer.status_code == 200
    body: dict[str, str] = answer.get_json()
    return body


@pytest.fixture(scope="module")
def shared_app(password_hash: str) -> Flask:
    """One application with the user Ada, shared by the tests of a module."""
    users = MemoryUserStore()
    users.add(new_user("Ada@Example.com", password_hash, 0.0))
    settings = Settings(database="sqlite:///unused.db", master_key="A" * 43, demo=True, workers=1)
    return create_app(settings, stores=stores_around(users))


def new_session(app: Flask) -> tuple[TokenPair, AuthenticationContext]:
    """Start a session of Ada without a login; return its tokens and their claims."""
    with app.test_request_context():
        user = service_context().stores.users.by_email("ada@example.com")
        assert user is not None
        context = AuthenticationContext(user, (PASSWORD_METHOD,))
        return service_context().sessions.start(context, fresh=True), context


@pytest.fixture
def service(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceUnderTest]:
    """A service over SQLite and over PostgreSQL."""
    with service_under_test(database_url, monkeypatch) as found:
        yield found


@pytest.fixture(scope="module")
def shared_sqlite_url(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A SQLite file for all tests of a module."""
    file = tmp_path_factory.mktemp("shared") / "store.db"
    file.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{file}"


@pytest.fixture(scope="module")
def shared_postgres_url(postgres_server: URL, postgres_template: URL) -> Iterator[str]:
    """A PostgreSQL database for all tests of a module."""
    name = f"shared_{uuid4().hex}"
    with new_database(postgres_server, name, str(postgres_template.database)) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture(
    scope="module",
    params=["shared_sqlite_url", pytest.param("shared_postgres_url", marks=pytest.mark.server)],
)
def shared_url(request: pytest.FixtureRequest) -> str:
    """A database for all tests of a module: SQLite and PostgreSQL."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture(scope="module")
def shared(shared_url: str) -> Iterator[ServiceUnderTest]:
    """One service for the tests of a module that do not change it."""
    with pytest.MonkeyPatch.context() as patch, service_under_test(shared_url, patch) as found:
        yield found


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
