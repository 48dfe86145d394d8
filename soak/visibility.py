"""How soon other processes see a revocation."""

import math
import time
from collections.abc import Iterator

from soak.findings import Finding, Scale, percentile
from soak.places import Place
from soak.site import Site, ask, sign_in
from soak.workers import working

#: Seconds within which 99 of 100 revocations are seen, except where it is the next request.
BOUND = 0.050
#: Seconds between two requests of the observing process, and after which it gives up.
_PAUSE = 0.0005
GIVE_UP = 5.0
#: Seconds after which tokens are newer than the store. For older ones the store is read each time,
#: so their revocation could not be seen late.
_GROWING_UP = 1.1


def trial(place: Place, scale: Scale) -> Iterator[Finding]:
    """End sessions in one process while another uses them continuously."""
    granted_late, delays = watched(place, scale)
    p99 = percentile(delays, 0.99)
    counts = (
        f"{scale.revocations:,} revocations: after {granted_late:,} a request that began later was "
        f"accepted; rejected {1000 * percentile(delays, 0.5):.1f} ms (median), {1000 * p99:.1f} ms "
        f"(p99), {1000 * max(delays):.1f} ms (longest) after the response to the logout"
    )
    if place.is_next_request:
        yield Finding(
            "a revocation takes effect with the next request", place.name, counts, not granted_late
        )
    else:
        yield Finding("a revocation seen within 50 ms (p99)", place.name, counts, p99 <= BOUND)


def watched(place: Place, scale: Scale) -> tuple[int, list[float]]:
    """Return the number of logouts after which a request was accepted, and the seconds of each.

    The seconds are infinite if a logout was never seen.
    """
    delays: list[float] = []
    granted_late = 0
    with working(2, place.url) as (leaving, watching):
        for worker in (leaving, watching):
            worker.do(ask, "/me", leaving.do(sign_in).access)
        time.sleep(_GROWING_UP)
        for _ in range(scale.revocations):
            pair = leaving.do(sign_in)
            pending = watching.tell(_use_until_refused, pair.access)
            ended = leaving.do(ask, "/logout", pair.access)
            last_granted, first_refused = pending.result()
            granted_late += last_granted > ended.ended
            delays.append(max(0.0, first_refused - ended.ended))
    return granted_late, delays


def _use_until_refused(site: Site, token: str) -> tuple[float, float]:
    """Return the start of the last accepted request and of the first rejected one.

    The former is 0 if none was accepted.
    """
    give_up, last_granted = time.monotonic() + GIVE_UP, 0.0
    while True:
        answer = site.ask("/me", token)
        if answer.status == 401:
            return last_granted, answer.began
        if answer.began > give_up:
            return answer.began, math.inf
        last_granted = answer.began
        time.sleep(_PAUSE)
