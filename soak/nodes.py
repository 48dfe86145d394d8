"""How soon a logout on one node applies to another: the whole service twice, over shared stores."""

import math
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from soak.findings import Finding, Scale, percentile
from soak.places import SQLITE, VALKEY, Place, postgresql
from soak.serving import USER, Client, serving
from soak.visibility import BOUND, GIVE_UP

WORKERS = 2
#: Connections to the observed node; the kernel distributes them over its workers.
CONNECTIONS = 16


def trial(place: Place, scale: Scale) -> Iterator[Finding]:
    """Log out on one node, and use the token on the other until all its workers reject it."""
    if place.name == SQLITE:
        return  # which serves one machine
    delays = watched(place, scale)
    p99 = percentile(delays, 0.99)
    yield Finding(
        "a logout on one node seen on another within 50 ms (p99)",
        place.name,
        f"{scale.revocations:,} logouts, 2 nodes with {WORKERS} workers each: refused by all "
        f"{1000 * percentile(delays, 0.5):.1f} ms (median), {1000 * p99:.1f} ms (p99), "
        f"{1000 * max(delays):.1f} ms (longest) after the response to the logout",
        p99 <= BOUND,
    )


def watched(place: Place, scale: Scale) -> list[float]:
    """Return the seconds after which each logout was seen; infinite if it never was."""
    with _settings(place) as settings, ExitStack() as stack:
        here, there = (stack.enter_context(serving(settings, WORKERS)) for _ in range(2))
        leaving = stack.enter_context(closing(Client(here)))
        watching = deque(stack.enter_context(closing(Client(there))) for _ in range(CONNECTIONS))
        return [_delay(leaving, watching) for _ in range(scale.revocations)]


@contextmanager
def _settings(place: Place) -> Iterator[dict[str, str]]:
    """Yield the settings of both nodes; accounts are in PostgreSQL for every session store."""
    summary = {"WATCHWORD_MASTER_KEY": "A" * 43}
    if place.name != VALKEY:
        yield summary | {"WATCHWORD_DATABASE": place.url}
        return
    with postgresql() as accounts:
        yield summary | {"WATCHWORD_DATABASE": accounts.url, "WATCHWORD_VALKEY": place.url}


def _delay(leaving: Client, watching: deque[Client]) -> float:
    """Return the seconds until every worker rejected; infinite if one never did."""
    token = _expect(200, leaving.ask("POST", "/login", body=USER))["access_token"]
    for client in watching:
        _expect(200, client.ask("GET", "/me", token))
    _expect(204, leaving.ask("POST", "/logout", token))
    ended = time.monotonic()
    refused_from, in_a_row = ended, 0
    while in_a_row < len(watching):
        began = time.monotonic()
        if began > ended + GIVE_UP:
            return math.inf
        watching.rotate(1)
        if watching[0].ask("GET", "/me", token)[0] == 200:
            in_a_row = 0
            continue
        refused_from = refused_from if in_a_row else began
        in_a_row += 1
    return refused_from - ended


def _expect(status: int, answer: tuple[int, Any]) -> Any:
    if answer[0] != status:
        raise RuntimeError(f"answered with {answer[0]} in the place of {status}: {answer[1]}")
    return answer[1]
