"""The service inside an application with its own views, error handlers and tables."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from sqlalchemy import create_engine, inspect, text

from flask_watchword import (
    JWTManager,
    Watchword,
    create_access_token,
    get_jwt_identity,
    jwt_required,
)
from flask_watchword.accounts.users import User
from flask_watchword.errors import TokenRejected
from flask_watchword.extension.errors import NoAuthorizationError
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.context import Stores
from tests.service.conftest import PASSWORD, bearer

ADA = {"email": "ada@example.com", "password": PASSWORD}

Mount = Callable[..., Flask]


def host() -> Flask:
    """An application with a view, a protected view and error pages."""
    app = Flask("host")

    @app.get("/")
    def home() -> str:
        return "<h1>home</h1>"

    @app.get("/mine")
    @jwt_required()
    def mine() -> dict[str, str]:
        return {"id": get_jwt_identity()}

    return app


@pytest.fixture
def mount(settings: Settings, stores: Stores) -> Mount:
    def mounted(app: Flask | None = None, url_prefix: str = "/auth") -> Flask:
        app = app or host()
        Watchword(app, settings=settings, url_prefix=url_prefix, stores=stores)
        return app

    return mounted


def log_in(client: FlaskClient, prefix: str = "/auth") -> dict[str, str]:
    answer = client.post(f"{prefix}/login", json=ADA)
    assert answer.status_code == 200
    pair: dict[str, str] = answer.get_json()
    return pair


@pytest.mark.parametrize("prefix", ["", "/auth", "/deep/down"])
def test_views_of_the_application_accept_tokens_of_the_service(
    mount: Mount, ada: User, prefix: str
) -> None:
    client = mount(url_prefix=prefix).test_client()
    token = log_in(client, prefix)["access_token"]
    assert client.get("/mine", headers=bearer(token)).get_json() == {"id": ada.id}
    assert client.get("/").data == b"<h1>home</h1>"
    assert client.post(f"{prefix}/logout", headers=bearer(token)).status_code == 204
    refused = client.get("/mine", headers=bearer(token))
    assert (refused.status_code, refused.get_json()["code"]) == (401, "session_ended")


def test_application_can_be_given_later(settings: Settings, stores: Stores, ada: User) -> None:
    watchword = Watchword(settings=settings, stores=stores)
    apps = [host(), host()]
    for app in apps:
        watchword.init_app(app)
    token = log_in(apps[0].test_client(), "")["access_token"]
    answer = apps[1].test_client().get("/mine", headers=bearer(token))
    assert answer.get_json() == {"id": ada.id}


def test_application_may_create_its_own_tokens(mount: Mount) -> None:
    app = mount()
    with app.app_context():
        token = create_access_token("a machine", additional_claims={"scope": "read"})
    answer = app.test_client().get("/mine", headers=bearer(token))
    assert answer.get_json() == {"id": "a machine"}


def test_errors_outside_the_service_are_the_applications(mount: Mount) -> None:
    app = mount()

    @app.get("/breaking")
    def breaking() -> str:
        raise LookupError("the inside")

    client = app.test_client()
    for path, status in (("/nothing", 404), ("/breaking", 500)):
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (status, "text/html")


class Catching:
    """An application that renders every error with its own pages."""

    def __init__(self) -> None:
        self.app = host()
        for status in (400, 404, 500, 503):
            self.app.register_error_handler(status, self.page)
        for kind in (Exception, NoAuthorizationError, TokenRejected, StoreUnavailable):
            self.app.register_error_handler(kind, self.page)

    @staticmethod
    def page(_error: Exception) -> tuple[str, int]:
        return "<h1>oops</h1>", 418


def test_errors_of_the_service_are_json_despite_the_applications_handlers(
    mount: Mount, monkeypatch: pytest.MonkeyPatch, stores: Stores
) -> None:
    app = mount(Catching().app)
    # The handler registered last wins: an application may add its own after the service.
    for kind in (NoAuthorizationError, TokenRejected):
        app.register_error_handler(kind, Catching.page)
    client = app.test_client()
    spent: dict[str, Any] = {"headers": bearer("a.b.c")}
    token = log_in(client)["access_token"]
    answers = [
        client.post("/auth/login", data="{"),
        client.get("/auth/me"),
        client.get("/auth/me", **spent),
        client.delete("/auth/sessions/none", headers=bearer(token)),
        client.post("/auth/login", data=b" " * 70_000, content_type="application/json"),
    ]
    assert [answer.status_code for answer in answers] == [415, 401, 401, 404, 413]

    def fails(error: Exception) -> Callable[..., None]:
        def fail(*_args: Any) -> None:
            raise error

        return fail

    for error in (LookupError("inside"), StoreUnavailable("inside")):
        monkeypatch.setattr(stores.users, "by_id", fails(error))
        answers.append(client.get("/auth/me", headers=bearer(token)))
    assert [answer.status_code for answer in answers[-2:]] == [500, 503]
    assert all(answer.mimetype == "application/json" for answer in answers)
    assert all(sorted(answer.get_json()) == ["code", "msg"] for answer in answers)
    assert client.get("/nothing").data == b"<h1>oops</h1>"
    assert client.get("/mine").data == b"<h1>oops</h1>"


def test_store_outage_rejects_requests_to_the_applications_views(
    mount: Mount, monkeypatch: pytest.MonkeyPatch, stores: Stores
) -> None:
    app = mount()
    client = app.test_client()
    token = log_in(client)["access_token"]

    def down(*_args: Any, **_named: Any) -> None:
        raise StoreUnavailable("no answer")

    for question in ("revocations", "find_revocations", "get"):
        monkeypatch.setattr(stores.sessions, question, down)
    answer = client.get("/mine", headers=bearer(token))
    assert answer.status_code == 503
    assert answer.get_json()["code"] == "store_unavailable"
    assert answer.headers["Retry-After"] == "2"


def test_body_limit_of_the_application_is_its_own(mount: Mount) -> None:
    app = mount()
    assert app.config["MAX_CONTENT_LENGTH"] is None

    @app.post("/upload")
    def upload() -> dict[str, int]:
        from flask import request

        return {"bytes": len(request.get_data())}

    client = app.test_client()
    assert client.post("/upload", data=b"x" * 100_000).get_json() == {"bytes": 100_000}
    too_long = b'{"email": "' + b"x" * 70_000 + b'"}'
    answer = client.post("/auth/login", data=too_long, content_type="application/json")
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JWT_SECRET_KEY", "the application's, of 32 bytes or more"),
        ("JWT_ALGORITHM", "RS256"),
        ("JWT_DECODE_AUDIENCE", None),
        ("JWT_TOKEN_LOCATION", ["cookies"]),
        ("WATCHWORD_SESSION_STORE", "memory://"),
    ],
)
def test_conflicting_option_is_one_clear_error(mount: Mount, name: str, value: object) -> None:
    app = host()
    app.config[name] = value
    with pytest.raises(RuntimeError, match=f"Watchword sets {name}: remove this"):
        mount(app)
    assert app.config[name] == value
    assert "watchword" not in app.blueprints


def test_equal_and_unrelated_options_are_kept(mount: Mount) -> None:
    app = host()
    app.config.update(SECRET_KEY="the application's own", JWT_PROFILE="strict")
    app.config["JWT_DECODE_LEEWAY"] = 5
    mount(app)
    assert app.config["SECRET_KEY"] == "the application's own"
    assert app.config["JWT_DECODE_LEEWAY"] == 5


def test_second_manager_is_one_clear_error(mount: Mount) -> None:
    app = host()
    app.config["JWT_SECRET_KEY"] = "k" * 32
    JWTManager(app)
    with pytest.raises(RuntimeError, match=r"remove JWTManager\(app\)"):
        mount(app)


def test_later_manager_is_one_clear_error_and_changes_nothing(mount: Mount) -> None:
    app = mount()
    with pytest.raises(RuntimeError, match="remove the second JWTManager"):
        JWTManager(app)
    client = app.test_client()
    token = log_in(client)["access_token"]
    client.post("/auth/logout", headers=bearer(token))
    assert client.get("/mine", headers=bearer(token)).status_code == 401


def test_mounting_twice_is_one_clear_error(mount: Mount) -> None:
    app = mount()
    with pytest.raises(RuntimeError, match="already"):
        mount(app, url_prefix="/again")


def test_duplicate_route_is_one_clear_error(mount: Mount) -> None:
    app = host()
    app.add_url_rule("/login", "form", lambda: "a form")
    app.add_url_rule("/me", "me", lambda: "me")
    with pytest.raises(RuntimeError, match="GET /me, which Watchword"):
        mount(app, url_prefix="")
    # Another method or another path is no conflict.
    client = mount(app).test_client()
    assert client.get("/login").data == b"a form"
    assert log_in(client)


def test_application_may_serve_the_same_path_with_another_method(mount: Mount) -> None:
    app = host()
    app.add_url_rule("/login", "form", lambda: "a form")
    client = mount(app, url_prefix="").test_client()
    assert client.get("/login").data == b"a form"
    assert log_in(client, "")


@pytest.fixture
def database(tmp_path: Path) -> str:
    """A database of the application, with a table and rows."""
    url = f"sqlite:///{tmp_path}/app.db"
    with create_engine(url).begin() as connection:
        connection.execute(text("CREATE TABLE users (name TEXT)"))
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(text("INSERT INTO users VALUES ('grace')"))
    connection.engine.dispose()
    return url


def test_tables_are_created_beside_those_of_the_application(database: str) -> None:
    app = host()
    Watchword(app, settings=Settings(database=database), url_prefix="/auth")
    assert app.test_client().get("/auth/readyz").status_code == 200
    engine = create_engine(database)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT name FROM users")).all() == [("grace",)]
        assert connection.execute(text("SELECT * FROM alembic_version")).all() == []
    names = set(inspect(engine).get_table_names()) - {"users", "alembic_version"}
    engine.dispose()
    assert "watchword_users" in names
    assert {name for name in names if not name.startswith(("watchword_", "sqlite_"))} == set()


def test_settings_default_to_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHWORD_DATABASE", f"sqlite:///{tmp_path}/here.db")
    monkeypatch.setenv("WATCHWORD_ISSUER", "the environment")
    app = host()
    Watchword(app)
    assert app.config["JWT_ENCODE_ISSUER"] == "the environment"
    assert (tmp_path / "here.db").exists()


def test_unsupported_session_store_is_rejected(tmp_path: Path) -> None:
    settings = Settings(database=f"sqlite:///{tmp_path}/x.db", session_store="etcd://:hidden@db")
    with pytest.raises(InvalidSetting, match=r"WATCHWORD_SESSION_STORE: no session store .*etcd"):
        Watchword(host(), settings=settings)


def test_application_keeps_its_own_page_for_a_bad_request(mount: Mount) -> None:
    app = mount()

    @app.get("/aborting")
    def aborting() -> str:
        abort(400)

    assert app.test_client().get("/aborting").mimetype == "text/html"
