"""Clients that send requests to two nodes during an outage, and the responses."""

import http.client
import math
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from soak.serving import USER, Client

CLIENTS = 8

#: Seconds between two rounds of a client, so that immediate rejections do not cause a flood.
_PAUSE = 0.02
#: Rounds between two logins.
_SIGN_IN_EVERY = 10

#: The kinds of request.
PROTECTED, REVOKED, REFRESH, SIGN_IN = "protected", "revoked", "refresh", "sign-in"
KINDS = (PROTECTED, REVOKED, REFRESH, SIGN_IN)

#: The status of a connection that ended without a response.
LOST = 0


@dataclass(frozen=True)
class Answer:
    """One response.

    Attributes:
        what: the kind of request.
        began: start time on the monotonic clock.
        seconds: the duration.
        status: the HTTP status, or ``LOST``.
        code: the error code of the response.
        says_when: whether it has a ``Retry-After`` header.
    """

    what: str
    began: float
    seconds: float
    status: int
    code: str
    says_when: bool

    @property
    def description(self) -> str:
        """Return the response as a short description, for counting."""
        return f"{self.what} {self.status} {self.code}".strip()


@dataclass
class Load:
    """All responses to all clients, in no order."""

    answers: list[Answer] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def within(self, since: float, until: float) -> Sequence[Answer]:
        """Return the responses to requests that started and ended in an interval."""
        return [
            one for one in self.answers if since <= one.began and one.began + one.seconds < until
        ]

    def granted(self, what: str) -> int:
        """Return the number of successful requests of this kind so far."""
        return sum(one.what == what and one.status == 200 for one in list(self.answers))

    def back_after(self, moment: float, what: str) -> float:
        """Return the seconds from a point in time to the next success, or infinity."""
        return min(
            (
                one.began + one.seconds - moment
                for one in self.answers
                if one.what == what and one.status == 200 and one.began >= moment
            ),
            default=math.inf,
        )

    def use(self, ports: Sequence[int], revoked: str) -> None:
        """Run one client until it is stopped."""
        _User(ports, revoked, self.answers).ask_until(self._over)

    def stop(self) -> None:
        """Stop all clients after their current rounds."""
        self._over.set()


@contextmanager
def loaded(ports: Sequence[int], revoked: str, clients: int = CLIENTS) -> Iterator[Load]:
    """Run clients that send requests to nodes; each starts with one of them.

    Args:
        ports: the ports of the nodes.
        revoked: an access token that must not be accepted.
        clients: the number of clients.
    """
    load = Load()
    with ThreadPoolExecutor(clients) as pool:
        started: list[Future[None]] = []
        for number in range(clients):
            turned = number % len(ports)
            order = [*ports[turned:], *ports[:turned]]
            started.append(pool.submit(load.use, order, revoked))
        try:
            yield load
        finally:
            load.stop()
    for one in started:
        one.result()


def revoked_token(port: int) -> str:
    """Return an access token whose session has been logged out."""
    client = Client(port)
    token: str = client.ask("POST", "/login", body=USER)[1]["access_token"]
    client.ask("POST", "/logout", token)
    client.close()
    return token


class _User:
    """A user with one session, who uses and refreshes it."""

    def __init__(self, ports: Sequence[int], revoked: str, answers: list[Answer]) -> None:
        self._ports = list(ports)
        self._client = Client(self._ports[0])
        self._revoked = revoked
        self._answers = answers
        self._pair: dict[str, str] | None = None

    def ask_until(self, over: threading.Event) -> None:
        rounds = 0
        while not over.wait(_PAUSE):
            self._round(signs_in=rounds % _SIGN_IN_EVERY == 0)
            rounds += 1
        self._client.close()

    def _round(self, *, signs_in: bool) -> None:
        self._ask(REVOKED, "GET", "/protected-route", self._revoked)
        if signs_in or self._pair is None:
            status, pair = self._ask(SIGN_IN, "POST", "/login", body=USER)
            if status == 200 and self._pair is None:
                self._pair = pair
        if self._pair is None:
            return
        self._ask(PROTECTED, "GET", "/protected-route", self._pair["access_token"])
        status, pair = self._ask(REFRESH, "POST", "/refresh", self._pair["refresh_token"])
        if status == 200:
            self._pair = pair
        elif status == 401:
            self._pair = None

    def _ask(self, what: str, *request: Any, **options: Any) -> tuple[int, Any]:
        began = time.monotonic()
        try:
            answer, description = self._client.fetch(*request, **options)
        except (OSError, http.client.HTTPException):
            self._note(what, began, LOST)
            self._turn_to_another()
            return LOST, None
        code = description.get("code", "") if answer.status >= 400 else ""
        self._note(what, began, answer.status, code, "Retry-After" in answer.headers)
        return answer.status, description

    def _note(
        self, what: str, began: float, status: int, code: str = "", says_when: bool = False
    ) -> None:
        seconds = time.monotonic() - began
        self._answers.append(Answer(what, began, seconds, status, code, says_when))

    def _turn_to_another(self) -> None:
        self._client.close()
        self._ports.append(self._ports.pop(0))
        self._client = Client(self._ports[0])
