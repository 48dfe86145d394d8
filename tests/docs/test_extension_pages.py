"""The applications on the extension's pages run, and respond as the pages say."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_watchword.cli.flask_cli import watchword
from tests.docs.pages import DOCS, blocks

PAGES = DOCS / "extension"


def application(page: str) -> Flask:
    """Return the application that the Python blocks of a page define together."""
    names: dict[str, Any] = {"__name__": "shown"}
    for block in blocks(PAGES / page, "python"):
        exec(compile(block, page, "exec"), names)  # noqa: S102 - it is our own page
    app = names["app"]
    assert isinstance(app, Flask)
    return app


def bearing(token: str) -> dict[str, dict[str, str]]:
    return {"headers": {"Authorization": f"Bearer {token}"}}


@pytest.fixture(autouse=True)
def _secret_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET_KEY", "k" * 64)


def test_getting_started_logs_in_with_a_password_and_refreshes() -> None:
    client = application("getting-started.md").test_client()
    assert client.get("/whoami").status_code == 401
    for name, password, status in (
        ("alice", "correct horse battery staple", 200),
        ("alice", "wrong", 401),
        ("bob", "no password", 401),
    ):
        body = {"name": name, "password": password}
        assert client.post("/login-with-password", json=body).status_code == status
    pair = client.post("/login-for-days").get_json()
    assert client.post("/refresh", **bearing(pair["access_token"])).status_code == 422
    access = client.post("/refresh", **bearing(pair["refresh_token"])).get_json()["access_token"]
    assert client.get("/whoami", **bearing(access)).get_json() == {"logged_in_as": "alice"}


def test_loaders_load_the_user_and_revoke_the_token() -> None:
    client = application("loaders.md").test_client()
    token = client.post("/login").get_json()["access_token"]
    assert client.get("/profile", **bearing(token)).get_json() == {"name": "Alice"}
    assert client.post("/logout", **bearing(token)).get_json() == {"msg": "Logged out"}
    assert client.get("/profile", **bearing(token)).status_code == 401


def test_loaders_and_handlers_change_the_responses() -> None:
    client = application("error-handling.md").test_client()
    for headers, error in (
        ({"Accept": "application/json"}, None),
        ({"Authorization": "Bearer x.y.z"}, "log in again"),
    ):
        answer = client.get("/", headers=headers)
        assert (answer.status_code, answer.get_json().get("error")) == (401, error)
    answer = client.get("/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")


def test_cookies_need_the_csrf_value() -> None:
    client = application("cookies-and-csrf.md").test_client()
    https: dict[str, Any] = {"base_url": "https://localhost"}
    assert client.post("/login", **https).status_code == 200
    assert client.post("/orders", **https).get_json() == {"msg": "Missing CSRF token"}
    for cookie, path in (("csrf_access_token", "/orders"), ("csrf_refresh_token", "/refresh")):
        found = client.get_cookie(cookie)
        assert found is not None
        csrf = {"X-CSRF-TOKEN": found.value}
        assert client.post(path, headers=csrf, **https).status_code == 200
    assert client.post("/logout", **https).status_code == 200
    assert client.post("/orders", **https).status_code == 401


def test_tests_of_the_testing_page_pass(tmp_path: Path) -> None:
    for block in blocks(PAGES / "testing.md", "python"):
        first, _, _ = block.partition("\n")
        if first.endswith(".py"):
            (tmp_path / first.removeprefix("# ")).write_text(block)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:valkey", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stdout
    assert "4 passed" in ran.stdout


def test_every_view_of_the_protected_blueprint_needs_a_token() -> None:
    names: dict[str, Any] = {"__name__": "shown"}
    (block,) = blocks(DOCS / "how-to" / "protect-every-route.md", "python")
    exec(compile(block, "protect-every-route.md", "exec"), names)  # noqa: S102 - our own page
    app: Flask = names["create_app"]()
    client = app.test_client()
    assert client.get("/orders").status_code == 401
    token = client.post("/login").get_json()["access_token"]
    assert client.get("/orders", **bearing(token)).get_json() == {"orders_of": "alice"}
    arguments = ["routes", "--fail-unguarded", "--allow", "static"]
    runner = app.test_cli_runner()
    assert runner.invoke(watchword, arguments).exit_code == 1
    assert runner.invoke(watchword, [*arguments, "--allow", "public.*"]).exit_code == 0


def test_user_logs_out_on_one_device_another_and_all() -> None:
    names: dict[str, Any] = {"__name__": "shown"}
    (block,) = blocks(DOCS / "how-to" / "log-out-everywhere.md", "python")
    exec(compile(block, "log-out-everywhere.md", "exec"), names)  # noqa: S102 - our own page
    with names["sessions"]:
        client = names["app"].test_client()

        def log_in() -> dict[str, dict[str, str]]:
            return bearing(client.post("/login").get_json()["access_token"])

        one, two, three = log_in(), log_in(), log_in()
        assert len(client.get("/devices", **one).get_json()) == 3
        assert client.post("/logout", **three).get_json() == {"ended": True}
        assert client.post("/logout-others", **one).get_json() == {"ended": 1}
        assert client.get("/devices", **two).status_code == 401
        (device,) = client.get("/devices", **one).get_json()
        four = log_in()
        assert client.delete(f"/devices/{device['id']}", **four).get_json() == {"ended": True}
        assert client.get("/devices", **one).status_code == 401
        assert client.post("/logout-everywhere", **four).get_json() == {"ended": 1}
        assert client.get("/devices", **four).status_code == 401
