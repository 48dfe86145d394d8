"""A real browser, the service at https://login.example, and pages of other sites."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.servers.browser import Browser, Page, running_browser
from tests.servers.https import served_over_tls


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with running_browser() as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.page() as found:
        yield found


@pytest.fixture
def service(app: Flask, tmp_path: Path) -> Iterator[str]:
    """The origin of the service."""
    with served_over_tls(app, tmp_path) as port:
        yield f"https://login.example:{port}"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """The address of an empty page of another site."""
    site = Flask("elsewhere")
    # Or the browser would ask for /favicon.ico.
    site.add_url_rule("/", "page", lambda: '<!doctype html><link rel="icon" href="data:,">')
    with served_over_tls(site, tmp_path) as port:
        yield f"https://elsewhere.example:{port}/"
