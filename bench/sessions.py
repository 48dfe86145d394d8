"""Rows: sessions over HTTP, with a separate server for each contestant."""

import http.client
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import msgspec

from bench.client import PATH
from bench.contest import BARE, FLOOR, Paces, Question
from bench.extension import FJE, WATCHWORD
from bench.load import Load, Order, loading
from bench.places import PLACES
from bench.results import RATE, Row, Target, compare
from bench.serve import serving
from bench.timing import Pace, Samples

REFRESHES = "Refreshes a second over HTTP"
REQUESTS = "Protected requests a second over HTTP, asked whether they are revoked"

_CONNECTIONS = 4

#: Seconds after which tokens are newer than the store, in whole seconds as in their claims. For an
#: older token the store is queried each time.
_OLDER_THAN_TOKENS = 1.1

Measure = Callable[["Contestants", Pace], Samples]


def questions(paces: Paces) -> Iterator[Question]:
    """Return the rows for each database; those of one database share their measurement."""
    for place in PLACES:
        refreshed = _once(place, (FJE, WATCHWORD, FLOOR), _refresh, paces.served)
        yield _question(REFRESHES, f"{place}, over by hand", refreshed, FLOOR, 0.7)
        yield _question(REFRESHES, f"{place}, over {FJE}", refreshed, FJE, 3.0)
    for place in PLACES:
        asked = _once(place, (BARE, FJE, WATCHWORD), _ask, paces.served)
        yield _question(REQUESTS, place, asked, BARE, 0.9)


def _question(
    section: str, label: str, samples: Callable[[], Samples], base: str, least: float
) -> Question:
    def answer() -> Row:
        target = Target(least, at_least=True)
        return compare(
            samples(),
            section=section,
            label=label,
            base=base,
            judged=WATCHWORD,
            target=target,
            unit=RATE,
        )

    return Question(section, label, answer)


def _once(
    place: str, names: tuple[str, ...], measure: Measure, pace: Pace
) -> Callable[[], Samples]:
    @cache
    def samples() -> Samples:
        with ExitStack() as stack:
            databases = stack.enter_context(PLACES[place]())
            load = stack.enter_context(loading())
            contestants = [
                Contestant(
                    name,
                    stack.enter_context(serving(name, databases(f"number_{number}"))).port,
                    load,
                )
                for number, name in enumerate(names)
            ]
            return measure(contestants, pace)

    return samples


class Contestant:
    """A server and the tokens of its client."""

    def __init__(self, name: str, port: int, load: Load) -> None:
        self.name = name
        self._port = port
        self._load = load

    def begin(self) -> None:
        """Make the server follow its revocations, which it does from the first request on."""
        self._request("GET", PATH, self._login()["access_token"])

    def sign_in(self, kind: str) -> list[str]:
        """Start a session for each connection, and return their tokens of one type."""
        return [self._login()[kind] for _ in range(_CONNECTIONS)]

    def rate(self, method: str, path: str, tokens: list[str], pace: Pace) -> float:
        """Send a round of requests; return the responses per second."""
        report = self._load.send(
            Order(self._port, method, path, tokens, pace.lead, pace.batch, path == "/refresh")
        )
        tokens[:] = report.tokens
        return pace.batch / report.seconds

    def check_refused(self, method: str, path: str, token: str) -> None:
        """Raise `RuntimeError` unless a token is rejected."""
        status, _ = self._request(method, path, token)
        if status != 401:
            raise RuntimeError(f"{self.name} answered {status} to a token that is over")

    def log_out(self, token: str) -> None:
        self._request("POST", "/logout", token)

    def _login(self) -> dict[str, Any]:
        return self._request("POST", "/login", "")[1]

    def _request(self, method: str, path: str, token: str) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, msgspec.json.decode(content) if response.status == 200 else {}


Contestants = list[Contestant]


def _refresh(contestants: Contestants, pace: Pace) -> Samples:
    held = {one.name: one.sign_in("refresh_token") for one in contestants}
    spent = {name: tokens[0] for name, tokens in held.items()}
    samples = _interleaved(
        contestants, pace, lambda one: one.rate("POST", "/refresh", held[one.name], pace)
    )
    for one in contestants:
        one.check_refused("POST", "/refresh", spent[one.name])
    return samples


def _ask(contestants: Contestants, pace: Pace) -> Samples:
    protected = [one for one in contestants if one.name != BARE]
    for one in protected:
        one.begin()
    time.sleep(_OLDER_THAN_TOKENS)
    held = {one.name: one.sign_in("access_token") for one in protected}
    # The bare route gets a token as well, so that all read requests have the same size.
    held[BARE] = next(iter(held.values()))
    samples = _interleaved(
        contestants, pace, lambda one: one.rate("GET", PATH, held[one.name], pace)
    )
    for one in protected:
        one.log_out(held[one.name][0])
        one.check_refused("GET", PATH, held[one.name][0])
    return samples


def _interleaved(
    contestants: Contestants, pace: Pace, rate: Callable[[Contestant], float]
) -> Samples:
    samples: Samples = {one.name: [] for one in contestants}
    for number in range(pace.all_rounds):
        first = number % len(contestants)
        for one in (*contestants[first:], *contestants[:first]):
            found = rate(one)
            if number >= pace.warm_up:
                samples[one.name].append(found)
    return samples
