"""The page at /docs in a real browser: it shows every operation and contacts no other server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores
from flask_watchword.service.features.table import FEATURES, endpoints_of
from flask_watchword.service.openapi.operation import path_of
from flask_watchword.service.watchword import Watchword
from tests.servers.browser import Page
from tests.servers.flask_app import served

pytestmark = pytest.mark.server

#: Resolves once a condition holds; on timeout, the error names the condition.
UNTIL = """
    const until = async (condition) => {
        for (let tries = 0; tries < 600; tries++) {
            if (condition()) return;
            await new Promise(resolve => setTimeout(resolve, 50));
        }
        throw new Error(`waited for ${condition}`);
    };
    const all = (selector) => [...document.querySelectorAll(selector)];
    await until(() => all(".opblock").length > 0);
"""
SHOWN = """
    return all(".opblock").map(one =>
        one.querySelector(".opblock-summary-method").textContent + " " +
        one.querySelector(".opblock-summary-path").dataset.path);
"""
UNFOLDED = """
    const kinds = [".opblock-get", ".opblock-post", ".opblock-delete"];
    kinds.forEach(kind => all(`${kind} .opblock-summary-control`)[0].click());
    await until(() => all(".opblock-body .responses-table").length === kinds.length);
    all(".model-container button, .tablinks").forEach(one => one.click());
    all(".btn.authorize")[0].click();
    await until(() => all(".dialog-ux .auth-container").length > 0);
"""
TRIED = """
    const healthz = () => document.querySelector("[id$=-healthz]");
    healthz().querySelector(".opblock-summary-control").click();
    await until(() => healthz().querySelector(".try-out__btn"));
    healthz().querySelector(".try-out__btn").click();
    await until(() => healthz().querySelector(".execute"));
    healthz().querySelector(".execute").click();
    await until(() => healthz().querySelector(".live-responses-table .response"));
    return healthz().querySelector(".live-responses-table .response").innerText;
"""
OPERATIONS = {f"{one.method} {path_of(one)}" for one in endpoints_of(FEATURES)}


def assert_no_errors(page: Page, service: str) -> None:
    assert page.complaints == []
    assert [url for url in page.requested if not url.startswith(f"{service}/")] == []


def test_page_shows_every_operation(page: Page, service: str) -> None:
    page.open(f"{service}/docs")
    shown = page.run(UNTIL + SHOWN)
    # Swagger UI inserts an invisible character where a line may break.
    assert {one.replace("\u200b", "") for one in shown} == OPERATIONS
    assert_no_errors(page, service)


def test_page_expands_operations_under_its_content_security_policy(
    page: Page, service: str
) -> None:
    page.open(f"{service}/docs")
    page.run(UNTIL + UNFOLDED)
    assert_no_errors(page, service)


def test_page_executes_an_operation(page: Page, service: str) -> None:
    page.open(f"{service}/docs")
    shown_text = page.run(UNTIL + TRIED)
    assert "200" in shown_text
    assert '"status": "ok"' in shown_text
    assert f"{service}/healthz" in page.requested
    assert_no_errors(page, service)


@pytest.fixture
def mounted(settings: Settings, stores: Stores, tmp_path: Path) -> Iterator[str]:
    """The origin of an application that mounts the service at /auth."""
    app = Flask(__name__)
    Watchword(app, settings=settings, stores=stores, url_prefix="/auth")
    with served(app, tmp_path) as port:
        yield f"https://shop.example:{port}"


def test_page_executes_operations_below_a_prefix(page: Page, mounted: str) -> None:
    page.open(f"{mounted}/auth/docs")
    assert "200" in page.run(UNTIL + TRIED)
    assert f"{mounted}/auth/healthz" in page.requested
    assert_no_errors(page, mounted)
