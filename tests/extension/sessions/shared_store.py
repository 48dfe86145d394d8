"""A substitute for a store behind a network: it can go down, and its change mark stay silent."""

import threading
from typing import Any

from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.memory_sessions import MemorySessionStore

#: Seconds after which a test stops waiting for a thread.
TIMEOUT = 10.0


class Shared:
    """The data behind the network, for one :class:`Connection` per process."""

    def __init__(self) -> None:
        self.memory = MemorySessionStore()
        self.changed = threading.Event()


class Connection:
    """A session store over :class:`Shared`.

    Attributes:
        down: whether the store fails to respond.
        asked: the called methods in order.
        waiting: set while the follower waits for a change.
        wakes: what the follower waits for; never set if it must not interfere with a test.
        log_is_down: whether only the log cannot be read.
        tells_by_mark: whether the change mark reports revocations of other processes.
        gate: when closed, it blocks readers of the log.
        reading: set when a reader arrives.
    """

    def __init__(self, shared: Shared, wakes: threading.Event | None = None) -> None:
        self._shared = shared
        self.down = False
        self.log_is_down = False
        self.tells_by_mark = False
        self.asked: list[str] = []
        self.waiting = threading.Event()
        self.wakes = wakes or threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.reading = threading.Event()

    def __getattr__(self, name: str) -> Any:
        if name not in (
            "start", "rotate", "record_repeat", "get", "end", "end_all", "of_subject", "revoke",
            "find_revocations", "purge",
        ):  # fmt: skip
            raise AttributeError(name)

        def ask(*arguments: Any, **named: Any) -> Any:
            self._answer(name)
            return getattr(self._shared.memory, name)(*arguments, **named)

        return ask

    def revocations(self, after: int, now: float) -> Any:
        self._read_log("revocations")
        return self._shared.memory.revocations(after, now)

    def log_pages(self, after: int, now: float) -> Any:
        self._read_log("log_pages")
        return self._shared.memory.log_pages(after, now)

    def _read_log(self, name: str) -> None:
        self._answer(name)
        self.reading.set()
        if not self.gate.wait(TIMEOUT):
            raise AssertionError("nobody opened the gate")
        if self.log_is_down:
            raise StoreUnavailable("the log cannot be read")

    def change_token(self) -> object:
        return self._shared.memory.change_token() if self.tells_by_mark else None

    def wait_for_change(self, seconds: float) -> None:
        self.waiting.set()
        self.wakes.wait(TIMEOUT)
        self.wakes.clear()
        self._answer("wait_for_change")

    def stop_waiting(self) -> None:
        self.wakes.set()

    def close(self) -> None:
        self.wakes.set()

    def _answer(self, name: str) -> None:
        self.asked.append(name)
        if self.down:
            raise StoreUnavailable("connection refused")
