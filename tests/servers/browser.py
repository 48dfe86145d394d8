"""A headless Chromium, controlled by Playwright for the duration of a test run.

Every name resolves to this machine in it, so that no outside server is contacted and pages can come
from ``https://login.example`` and ``https://evil.example``. ``make test`` installs Chromium where
possible; ``TEST_BROWSER`` names another executable.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, ConsoleMessage, sync_playwright
from playwright.sync_api import Page as Tab

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
_OPTIONS = (
    "--no-sandbox",  # not available for root or in containers; it opens only the tests' own pages
    "--host-resolver-rules=MAP * 127.0.0.1",
    "--disable-background-networking",
    "--disable-gpu",
)
_TIMEOUT_MS = 60_000


class Page:
    """One tab, with a record of its requests.

    Attributes:
        requested: the URL of every request, in order.
        complaints: the errors in the browser's console: blocked by a policy, not found, raised
            by a script.
    """

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        self._tab: Tab = context.new_page()
        self.requested: list[str] = []
        self.complaints: list[str] = []
        self._tab.on("request", lambda request: self.requested.append(request.url))
        self._tab.on("console", self._record)
        self._tab.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, url: str) -> None:
        """Open a URL and return when everything on the page has been loaded."""
        self._tab.goto(url)

    def leave_by(self, script: str) -> str:
        """Run a script that navigates to another page, and return the text of that page."""
        with self._tab.expect_navigation():
            self.run(script)
        return self._tab.inner_text("body")

    def run(self, script: str) -> Any:
        """Return the result of a script that runs as the body of an ``async`` function.

        Raises:
            playwright.sync_api.Error: with the message of an error that the script throws.
        """
        return self._tab.evaluate(f"async () => {{ {script} }}")

    def cookies(self) -> dict[str, Any]:
        """Return every cookie of the profile by its name, with its attributes."""
        return {cookie["name"]: cookie for cookie in self._context.cookies()}

    def _record(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


class Browser:
    """A browser that opens each page in a new profile."""

    def __init__(self, chromium: Chromium) -> None:
        self._chromium = chromium

    @contextmanager
    def page(self) -> Iterator[Page]:
        """Yield an empty page in a new profile, without cookies or cache of other tests."""
        # The test servers sign their own certificates.
        with self._chromium.new_context(ignore_https_errors=True) as context:
            context.set_default_timeout(_TIMEOUT_MS)
            yield Page(context)


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Yield a new browser; the test is skipped if there is none to start."""
    program = os.environ.get("TEST_BROWSER") or next(filter(None, map(shutil.which, _PROGRAMS)), "")
    if not program:
        pytest.skip("no Chromium is installed; `make test` says how to")
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=list(_OPTIONS)) as chromium,
    ):
        yield Browser(chromium)
