"""The applications that the service's pages show, and the metrics they name."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from flask_watchword.accounts.passwords import Passwords
from flask_watchword.accounts.users import new_user
from flask_watchword.extension.sessions.revocation_feed import RevocationMetrics
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import service_context
from flask_watchword.service.load_settings import read_settings
from flask_watchword.service.metrics import Metrics
from flask_watchword.service.stores import opened_users
from flask_watchword.service.tokens import AuthenticationContext
from tests.docs.pages import DOCS, blocks, text_of
from tests.memory_stores.users import MemoryUserStore
from tests.servers.flask_app import served
from tests.service.places import stores_around

MONITORING = text_of(DOCS / "service" / "monitoring.md")


def test_application_of_the_page_accepts_the_tokens_of_the_service() -> None:
    service = login_service()
    with served(service) as port:
        application = run("how-to", "verify-tokens-elsewhere.md")
        client = application["create_app"](f"http://127.0.0.1:{port}").test_client()
        header = {"Authorization": f"Bearer {token_of(service)}"}
        assert client.get("/mine", headers=header).status_code == 200
    assert client.get("/mine").status_code == 401


def run(*page: str) -> dict[str, Any]:
    code = blocks(DOCS.joinpath(*page), "python")[0]
    found: dict[str, Any] = {"__name__": "page"}
    exec(compile(code, page[-1], "exec"), found)  # noqa: S102 - it is our own page
    return found


def test_application_of_the_page_that_mounts_the_service_accepts_its_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    client = run("service", "in-an-application.md")["app"].test_client()
    with opened_users(read_settings({}, database="sqlite:///shop.db")) as users:
        ada = new_user("ada@example.com", Passwords().hash("a long password"), 0.0)
        users.add(ada)
    assert client.get("/orders").status_code == 401
    body = {"email": "ada@example.com", "password": "a long password"}
    pair = client.post("/auth/login", json=body).get_json()
    header = {"Authorization": f"Bearer {pair['access_token']}"}
    assert client.get("/orders", headers=header).get_json() == {"orders_of": ada.id}
    assert client.post("/auth/logout", headers=header).status_code == 204
    assert client.get("/orders", headers=header).status_code == 401
    assert client.get("/auth/nothing").mimetype == "text/html"


def test_every_metric_is_explained() -> None:
    shown = Metrics(
        revocations=lambda: RevocationMetrics(0.0, 0, follows=False), waiting=lambda: 0
    ).text()
    names = {family.name for family in text_string_to_metric_families(shown.decode())}
    # The creation time of each counter is the library's own metric.
    ours = {name for name in names if not name.endswith("_created")}
    assert set(re.findall(r"`(watchword_\w+?)(?:_total)?`", MONITORING)) == ours


ADA = new_user("ada@example.com", "no hash", 0.0)


def login_service() -> Flask:
    users = MemoryUserStore()
    users.add(ADA)
    stores = stores_around(users)
    return create_app(Settings(master_key="A" * 43), stores=stores)


def token_of(service: Flask) -> str:
    with service.app_context():
        return service_context().sessions.start(AuthenticationContext(ADA, ("pwd",))).access_token
