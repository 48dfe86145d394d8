"""Turn applications and calls into contestants."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask

from bench.client import Client, environ_for
from bench.timing import Contestant, Pace
from bench.tokens import Supply


def requests_to(
    apps: dict[str, Flask], authorizations: Sequence[str | None], pace: Pace, status: int
) -> list[Contestant]:
    """Return one contestant for each application, all sending the same headers in order.

    Args:
        apps: by contestant's name, what answers.
        authorizations: the `Authorization` header of every request of every round.
        pace: how many requests make a round.
        status: what each application must answer.
    """
    return [_requesting(name, app, authorizations, pace, status) for name, app in apps.items()]


def bearers(supply: Supply, pace: Pace) -> list[str | None]:
    """Return the headers of a whole run, created before anything is timed."""
    return [f"Bearer {token}" for token in supply(pace.all_rounds * pace.inputs)]


def _requesting(
    name: str, app: Flask, authorizations: Sequence[str | None], pace: Pace, status: int
) -> Contestant:
    client = Client(app, status)

    def prepare(number: int) -> list[Any]:
        start = number * pace.inputs
        return [environ_for(_copy(text)) for text in authorizations[start : start + pace.inputs]]

    return Contestant(name, prepare, client.send, client.check)


def _copy(text: str | None) -> str | None:
    # A header read from a socket is a new string, whose hash has not been computed.
    return text if text is None else text.encode("ascii").decode("ascii")


def calls_in_context(
    name: str, app: Flask, call: Callable[[str], str], argument: str, pace: Pace
) -> Contestant:
    """Return a contestant that calls a function repeatedly inside an application context."""
    last = ""

    def run(arguments: Sequence[str]) -> None:
        nonlocal last
        with app.app_context():
            for value in arguments:
                last = call(value)

    def check() -> None:
        if last.count(".") != 2:
            raise RuntimeError(f"{name} made {last!r}, which is no token")

    return Contestant(name, lambda number: [argument] * pace.inputs, run, check)
