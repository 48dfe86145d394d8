"""A real browser, an application with the service at https://login.example, and other sites."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, request

from flask_watchword import Watchword, get_jwt_identity, jwt_required
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores
from tests.servers.browser import Browser, Page, running_browser
from tests.servers.flask_app import served

# Without an icon the browser would request /favicon.ico.
EMPTY_PAGE = '<!doctype html><link rel="icon" href="data:,">'


# Module-scoped: Playwright keeps an event loop running, and other modules start their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.page() as found:
        yield found


@pytest.fixture
def app(settings: Settings, stores: Stores) -> Flask:
    """An application with pages and forms of its own."""
    app = Flask("host")
    app.config["JWT_CSRF_CHECK_FORM"] = True
    app.add_url_rule("/", "home", lambda: EMPTY_PAGE)

    @app.route("/orders", methods=["GET", "POST"])
    @jwt_required()
    def orders() -> dict[str, str]:
        return {"by": request.method, "for": get_jwt_identity()}

    Watchword(app, settings=settings, stores=stores)
    return app


@pytest.fixture
def service(app: Flask, tmp_path: Path) -> Iterator[str]:
    """The origin of the service."""
    with served(app, tmp_path) as port:
        yield f"https://login.example:{port}"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """The address of an empty page of another site."""
    site = Flask("elsewhere")
    site.add_url_rule("/", "page", lambda: EMPTY_PAGE)
    with served(site, tmp_path) as port:
        yield f"https://elsewhere.example:{port}/"
