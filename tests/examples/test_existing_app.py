import importlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest
from flask.testing import FlaskClient

ACCOUNT = {"email": "ada@example.com", "password": "correct horse battery staple"}


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.setenv("NOTES_DATABASE", str(tmp_path / "notes.db"))
    # The application existed first, with a note in its database.
    with closing(sqlite3.connect(tmp_path / "notes.db", isolation_level=None)) as db:
        db.execute("CREATE TABLE notes (user_id TEXT NOT NULL, text TEXT NOT NULL)")
        db.execute("INSERT INTO notes VALUES ('somebody else', 'from before')")
    module = importlib.import_module("examples.existing_app")
    module = importlib.reload(module) if str(tmp_path / "notes.db") != module.DATABASE else module
    yield module
    module.app.extensions["watchword"].close()


@pytest.fixture
def client(example: ModuleType) -> FlaskClient:
    client: FlaskClient = example.app.test_client()
    return client


def logged_in(client: FlaskClient) -> dict[str, str]:
    assert client.post("/auth/register", json=ACCOUNT).status_code == 201
    pair = client.post("/auth/login", json=ACCOUNT).get_json()
    return {"Authorization": f"Bearer {pair['access_token']}"}


def test_existing_parts_of_the_application_still_work(client: FlaskClient, tmp_path: Path) -> None:
    assert client.get("/").data == b"Notes for registered users."
    assert client.get("/nothing").mimetype == "text/html"
    with closing(sqlite3.connect(tmp_path / "notes.db")) as db:
        assert db.execute("SELECT text FROM notes").fetchall() == [("from before",)]
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    assert {"notes", "watchword_users", "watchword_audit"} <= tables


def test_registered_user_has_private_notes_until_logout(client: FlaskClient) -> None:
    assert client.get("/notes").status_code == 401
    header = logged_in(client)
    assert client.get("/notes", headers=header).get_json() == {"notes": []}
    assert client.post("/notes", data="buy milk", headers=header).status_code == 201
    assert client.get("/notes", headers=header).get_json() == {"notes": ["buy milk"]}
    assert client.post("/auth/logout", headers=header).status_code == 204
    assert client.get("/notes", headers=header).status_code == 401


def test_errors_of_the_service_are_json_beside_the_pages_of_the_application(
    client: FlaskClient,
) -> None:
    refused = client.post("/auth/register", json=ACCOUNT | {"password": "short"})
    assert (refused.status_code, refused.get_json()["field"]) == (422, "password")
