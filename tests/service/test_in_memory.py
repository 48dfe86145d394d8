"""``sqlite://`` is a database of one application in one process, for its tests."""

import gc
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine

from flask_watchword import JWTManager, Sessions, Watchword, jwt_required
from flask_watchword.extension.checks.results import Level
from flask_watchword.extension.checks.runner import check_app
from flask_watchword.infra import temporary_database
from flask_watchword.infra.sql.factory import open_sql_sessions
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.load_settings import read_settings

ADA = {"email": "ada@example.com", "password": "correct horse battery staple"}
SPELLINGS = ["sqlite://", "sqlite:///:memory:", "sqlite+pysqlite://"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create temporary databases in a directory that the test can inspect."""
    monkeypatch.setattr(temporary_database, "_MEMORY", tmp_path)
    return tmp_path


def service(url: str = "sqlite://") -> tuple[Watchword, FlaskClient]:
    app = Flask("shop")
    app.config["WATCHWORD_DATABASE"] = url
    return Watchword(app), app.test_client()


def sessions(url: str = "sqlite://") -> tuple[Sessions, FlaskClient]:
    app = Flask("shop")
    app.config.update(JWT_SECRET_KEY="k" * 64, WATCHWORD_SESSION_STORE=url)
    JWTManager(app)
    extension = Sessions(app)
    app.post("/login", endpoint="login")(lambda: {"token": extension.start("ada").access_token})
    app.post("/logout", endpoint="logout")(jwt_required()(lambda: {"ended": extension.end()}))
    return extension, app.test_client()


@pytest.mark.parametrize("url", SPELLINGS)
def test_service_keeps_accounts_of_one_application(url: str) -> None:
    (one, client), (other, another) = service(url), service(url)
    with closing(one), closing(other):
        assert client.post("/register", json=ADA).status_code == 201
        token = client.post("/login", json=ADA).get_json()["access_token"]
        header = {"Authorization": f"Bearer {token}"}
        assert client.get("/me", headers=header).get_json()["email"] == "ada@example.com"
        assert client.post("/logout", headers=header).status_code == 204
        assert client.get("/me", headers=header).status_code == 401
        assert another.post("/login", json=ADA).status_code == 401, "another application's"


@pytest.mark.parametrize("url", SPELLINGS)
def test_sessions_are_kept_for_one_application(url: str) -> None:
    extension, client = sessions(url)
    with closing(extension):
        header = {"Authorization": f"Bearer {client.post('/login').get_json()['token']}"}
        assert client.post("/logout", headers=header).get_json() == {"ended": True}
        assert client.post("/logout", headers=header).status_code == 401


def test_settings_object_with_an_in_memory_url_is_accepted() -> None:
    with closing(Watchword(app := Flask("shop"), settings=Settings(database="sqlite://"))):
        assert app.test_client().get("/readyz").status_code == 200


@pytest.mark.parametrize("make", [service, sessions])
def test_closing_removes_the_database(
    make: Callable[[], tuple[Watchword | Sessions, FlaskClient]], folder: Path
) -> None:
    extension, _ = make()
    (made,) = folder.iterdir()
    assert made.stat().st_mode & 0o777 == 0o700
    extension.close()
    assert not made.exists()


def test_collecting_the_application_removes_the_database(folder: Path) -> None:
    extension, client = sessions()
    assert [*folder.iterdir()]
    del extension, client
    gc.collect()
    assert not [*folder.iterdir()]


def test_forked_process_leaves_the_database_to_its_parent(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = temporary_database.TemporaryDatabase()
    (made,) = folder.iterdir()
    own = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: own + 1)
    database.close()
    assert made.exists()


def test_without_shared_memory_the_usual_directory_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporary_database, "_MEMORY", tmp_path / "missing")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with closing(temporary_database.TemporaryDatabase()) as database:
        assert Path(database.url.removeprefix("sqlite:///")).parents[1] == tmp_path


def test_separate_process_requires_a_database_file() -> None:
    with pytest.raises(InvalidSetting, match=r"name a file.*the tests of an application may"):
        read_settings({}, database="sqlite://")


def test_in_memory_engine_is_not_a_store_url() -> None:
    with pytest.raises(ValueError, match="write sqlite://"):
        open_sql_sessions(create_engine("sqlite://"))


def test_doctor_reports_that_a_restart_loses_the_data() -> None:
    extension, client = sessions()
    with closing(extension):
        found = {one.check: one for one in check_app(client.application)}
    assert found["revocation"].level is Level.WARNING
    assert "a restart loses them" in found["revocation"].says
