"""A real Chromium without a window, spoken to over two pipes, for the length of a test run.

Every name leads to this machine there, so that nothing outside is asked and pages can come from
``https://login.example`` and ``https://evil.example``. ``make test`` installs it where that can be
done; ``TEST_BROWSER`` names another program.
"""

import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
_OPTIONS = (
    "--headless",
    "--no-sandbox",  # root has none, nor have containers; all it sees are the tests' own pages
    "--remote-debugging-pipe",
    "--host-resolver-rules=MAP * 127.0.0.1",
    "--ignore-certificate-errors",  # those of the tests are of their own making
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
)
#: What a started Chromium reads from and writes to when it is told ``--remote-debugging-pipe``.
_ITS_INPUT, _ITS_OUTPUT = 3, 4
SECONDS = 60.0

Event = Mapping[str, Any]


class Browser:
    """A browser, to which commands of the Chrome DevTools Protocol are sent, one at a time."""

    def __init__(self, program: str, profile: Path) -> None:
        their_input, self._commands = os.pipe()
        self._messages, their_output = os.pipe()
        with (profile / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [program, *_OPTIONS, f"--user-data-dir={profile}", "about:blank"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Both are taken here, if by nobody else then by one of the pipes.
                pass_fds=(_ITS_INPUT, _ITS_OUTPUT),
                preexec_fn=lambda: _become_the_browser(their_input, their_output),
            )
        os.close(their_input)
        os.close(their_output)
        self._received = b""
        self._last_id = 0
        self._listeners: dict[str, Callable[[str, Event], None]] = {}

    def close(self) -> None:
        """End the browser."""
        self._process.kill()
        self._process.wait(10)
        os.close(self._commands)
        os.close(self._messages)

    def send(self, method: str, session: str | None = None, /, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result; events are heard meanwhile."""
        self._last_id += 1
        command = {"id": self._last_id, "method": method, "params": parameters}
        if session is not None:
            command["sessionId"] = session
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        until = monotonic() + SECONDS
        while (answer := self._next(until)).get("id") != self._last_id:
            self._hear(answer)
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    def wait(self, condition: Callable[[], bool]) -> None:
        """Hear events until a condition holds."""
        until = monotonic() + SECONDS
        while not condition():
            self._hear(self._next(until))

    @contextmanager
    def page(self) -> Iterator["Page"]:
        """Lend an empty page in a profile of its own: no cookie, no cache of another test."""
        context = self.send("Target.createBrowserContext")["browserContextId"]
        try:
            target = self.send("Target.createTarget", url="about:blank", browserContextId=context)
            attached = self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
            page = Page(self, context, attached["sessionId"])
            self._listeners[attached["sessionId"]] = page.hear
            page.listen()
            yield page
        finally:
            self.send("Target.disposeBrowserContext", browserContextId=context)

    def _hear(self, event: Event) -> None:
        listener = self._listeners.get(event.get("sessionId", ""))
        if listener is not None and "method" in event:
            listener(event["method"], event["params"])

    def _next(self, until: float) -> Event:
        while b"\0" not in self._received:
            readable, _, _ = select.select([self._messages], [], [], max(0.0, until - monotonic()))
            received = os.read(self._messages, 1 << 20) if readable else b""
            if not received:
                raise TimeoutError("the browser is silent or gone")
            self._received += received
        message, _, self._received = self._received.partition(b"\0")
        event: Event = json.loads(message)
        return event


class Page:
    """One tab.

    Attributes:
        requested: the address of everything that was asked for, in order.
        complaints: what the browser's console would show in red: refused by a policy, not found,
            raised by a script.
    """

    def __init__(self, browser: Browser, context: str, session: str) -> None:
        self._browser = browser
        self._context = context
        self._session = session
        self._loaded: set[str] = set()
        self.requested: list[str] = []
        self.complaints: list[str] = []

    def listen(self) -> None:
        """Have the browser tell what happens to the page."""
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._send(f"{domain}.enable")
        self._send("Page.setLifecycleEventsEnabled", enabled=True)

    def open(self, url: str) -> None:
        """Open an address and return when everything that it names has been loaded."""
        answer = self._send("Page.navigate", url=url)
        assert "errorText" not in answer, f"{url}: {answer['errorText']}"
        self._browser.wait(lambda: answer["loaderId"] in self._loaded)

    def leave_by(self, script: str) -> str:
        """Run a script that leads to another page, and return what is written there."""
        here = len(self._loaded)
        self.run(script)
        self._browser.wait(lambda: len(self._loaded) > here)
        text: str = self.run("return document.body.innerText")
        return text

    def run(self, script: str) -> Any:
        """Return what a script returns that runs as the body of an ``async`` function.

        Raises:
            AssertionError: with its text, for what it throws.
        """
        answer = self._send(
            "Runtime.evaluate",
            expression=f"(async () => {{ {script} }})()",
            awaitPromise=True,
            returnByValue=True,
        )
        assert "exceptionDetails" not in answer, _thrown(answer["exceptionDetails"])
        return answer["result"].get("value")

    def cookies(self) -> dict[str, dict[str, Any]]:
        """Return every cookie of the profile by its name, with the attributes it is kept with."""
        kept = self._browser.send("Storage.getCookies", browserContextId=self._context)
        return {cookie["name"]: cookie for cookie in kept["cookies"]}

    def hear(self, event: str, told: Event) -> None:
        """Take note of what happens to the page."""
        if event == "Page.lifecycleEvent" and told["name"] == "load":
            self._loaded.add(told["loaderId"])
        elif event == "Network.requestWillBeSent":
            self.requested.append(told["request"]["url"])
        elif event == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.complaints.append(told["entry"]["text"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(_thrown(told["exceptionDetails"]))

    def _send(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.send(method, self._session, **parameters)


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Lend a browser of one's own; the test is skipped where there is none to start."""
    program = os.environ.get("TEST_BROWSER") or next(filter(None, map(shutil.which, _PROGRAMS)), "")
    if not program:
        pytest.skip("no Chromium is installed; `make test` says how to")
    # It writes there until it is gone, and its children are gone a little later.
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as folder:
        browser = Browser(program, Path(folder))
        try:
            yield browser
        finally:
            browser.close()


def _thrown(details: Event) -> str:
    text: str = details.get("exception", {}).get("description", details["text"])
    return text


def _become_the_browser(its_input: int, its_output: int) -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # Out of the way first: each may stand where the other has to go.
    high = [fcntl.fcntl(pipe, fcntl.F_DUPFD, 10) for pipe in (its_input, its_output)]
    for source, target in zip(high, (_ITS_INPUT, _ITS_OUTPUT), strict=True):
        os.dup2(source, target)
