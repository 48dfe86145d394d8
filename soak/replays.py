"""Used refresh tokens that are used again by another client."""

from collections import Counter
from collections.abc import Iterator

from soak.findings import Finding, Scale, summary
from soak.places import Place
from soak.site import Answer, Site, ask
from soak.workers import Worker, working

ROTATIONS = 10
REUSED = "401 refresh_reused"


def trial(place: Place, _scale: Scale) -> Iterator[Finding]:
    """Replay every token of a quick series of rotations, then one after a crash of all servers."""
    yield _each_of_a_series(place)
    yield _after_a_crash(place)


def _each_of_a_series(place: Place) -> Finding:
    caught, afterwards, slowest = Counter[str](), Counter[str](), 0.0
    with working(1, place.url) as (usual,), working(1, place.url, grace=0.0) as (strict,):
        for place_in_series in range(ROTATIONS):
            # The grace period allows a second use of the last one.
            worker = strict if place_in_series == ROTATIONS - 1 else usual
            series = worker.do(rotations)
            slowest = max(slowest, series[-1].ended - series[1].began)
            caught[worker.do(ask, "/refresh", series[place_in_series].spare).verdict] += 1
            afterwards.update(_what_still_works(worker, series))
    return Finding(
        f"each of {ROTATIONS} old tokens caught after {ROTATIONS} rotations",
        place.name,
        f"{summary(caught)}; then of all tokens of these sessions {summary(afterwards)}; "
        f"the slowest series took {slowest:.2f} s",
        caught == {REUSED: ROTATIONS} and set(afterwards) == {"refused"},
    )


def _after_a_crash(place: Place) -> Finding:
    with working(2, place.url) as workers:
        series = workers[0].do(rotations)
        for worker in workers:
            worker.kill()
    place.crash()
    with working(2, place.url) as (one, other):
        alive = other.do(ask, "/me", series[-1].access).verdict
        replayed = one.do(ask, "/refresh", series[0].spare).verdict
        left = Counter(_what_still_works(one, series))
    return Finding(
        "a token replayed after SIGKILL of every process",
        place.name,
        f"before the replay {alive}, the replay {replayed}, then of all tokens {summary(left)}",
        (alive, replayed) == ("200", REUSED) and set(left) == {"refused"},
    )


def rotations(site: Site) -> list[Answer]:
    """Log in and rotate; return all responses, whose tokens are all generations in order."""
    answers = [site.sign_in()]
    for _ in range(ROTATIONS):
        answers.append(site.ask("/refresh", answers[-1].spare))
    return answers


def _what_still_works(worker: Worker, series: list[Answer]) -> Iterator[str]:
    for pair in series:
        for path, token in (("/me", pair.access), ("/refresh", pair.spare)):
            refused = worker.do(ask, path, token).status == 401
            yield "refused" if refused else f"{path} granted"
