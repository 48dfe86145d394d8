"""Mixed load on one SQLite file by many processes."""

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator

from soak.findings import Finding, Scale, percentile, summary
from soak.places import SQLITE, Place
from soak.site import Answer, Site
from soak.workers import working

#: Seconds within which 99 of 100 requests get a response.
BOUND = 0.5
AS_EXPECTED = "as expected"


def trial(place: Place, scale: Scale) -> Iterator[Finding]:
    """Log in, read, refresh, replay and log out in every process for some time; SQLite only."""
    if place.name != SQLITE:
        return
    statuses, writes = mixed_load(place, scale)
    p99 = percentile(writes, 0.99)
    whole = integrity(place)
    yield Finding(
        f"{scale.processes} processes for {scale.seconds:g} s: no request fails because the "
        "database is locked",
        place.name,
        f"{summary(statuses)}; writing requests took {1000 * p99:.0f} ms (p99), "
        f"{1000 * max(writes):.0f} ms (longest); integrity_check {whole}",
        set(statuses) == {AS_EXPECTED} and p99 < BOUND and whole == "ok",
    )


def mixed_load(place: Place, scale: Scale) -> tuple[Counter[str], list[float]]:
    """Return the counted responses, and the duration of each writing request in seconds."""
    with working(scale.processes, place.url) as workers:
        running = [worker.tell(_live, scale.seconds) for worker in workers]
        parts = [pending.result() for pending in running]
    statuses = sum((counts for counts, _ in parts), Counter[str]())
    return statuses, [seconds for _, times in parts for seconds in times]


def integrity(place: Place) -> str:
    """Return the result of SQLite's integrity check of the whole file."""
    connection = sqlite3.connect(place.url.removeprefix("sqlite:///"))
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


def _live(site: Site, seconds: float) -> tuple[Counter[str], list[float]]:
    counts, times = Counter[str](), []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for expected, writes, answer in _one_session(site):
            if answer.status == expected:
                counts[AS_EXPECTED] += 1
            else:
                counts[answer.verdict] += 1
                break
            if writes:
                times.append(answer.ended - answer.began)
    return counts, times


def _one_session(site: Site) -> Iterator[tuple[int, bool, Answer]]:
    """Run one session; yield the expected status, whether the request writes, and the response."""
    pair = first = site.sign_in()
    yield 200, True, pair
    for _ in range(3):
        yield 200, False, site.ask("/me", pair.access)
        pair = site.ask("/refresh", pair.spare)
        yield 200, True, pair
    yield 200, True, site.ask("/logout", pair.access)
    yield 401, False, site.ask("/me", pair.access)
    yield 401, False, site.ask("/refresh", first.spare)
    copied = site.sign_in()
    yield 200, True, copied
    second = site.ask("/refresh", copied.spare)
    yield 200, True, second
    yield 200, True, site.ask("/refresh", second.spare)
    yield 401, True, site.ask("/refresh", copied.spare)
    yield 401, False, site.ask("/me", second.access)
