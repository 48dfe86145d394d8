"""One refresh token, used a thousand times concurrently."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from soak.findings import Finding, Scale, summary
from soak.places import Place
from soak.site import Answer, Site, ask, generation_of, sign_in
from soak.workers import Worker, working

_THREADS = 8
_PROCESSES = 4


def trial(place: Place, scale: Scale) -> Iterator[Finding]:
    """Race threads and processes, with the default grace period and with none."""
    for count, by in ((1, "threads"), (_PROCESSES, "processes")):
        with working(count, place.url) as workers:
            yield _lenient(place, scale, workers, by)
        with working(count, place.url, grace=0.0) as workers:
            yield _strict(place, scale, workers, by)


def _lenient(place: Place, scale: Scale, workers: Sequence[Worker], by: str) -> Finding:
    signed_in, answers, counts = _race(workers, scale.refreshes)
    alive = workers[0].do(ask, "/me", signed_in.access).status == 200
    heir = next((one for one in answers if one.status == 200), signed_in)
    goes_on = workers[0].do(ask, "/refresh", heir.spare)
    goes_on_as = generation_of(goes_on.spare) if goes_on.status == 200 else goes_on.verdict
    return Finding(
        f"one new generation of {scale.refreshes:,} refreshes by {by}",
        place.name,
        f"{summary(counts)}; afterwards the session continues as generation {goes_on_as}",
        counts == {"200 generation 2": scale.refreshes} and alive and goes_on_as == 3,
    )


def _strict(place: Place, scale: Scale, workers: Sequence[Worker], by: str) -> Finding:
    signed_in, answers, counts = _race(workers, scale.refreshes)
    granted = [one for one in answers if one.status == 200]
    tokens = [("/refresh", one.spare) for one in (signed_in, *granted)]
    dead = Counter(workers[0].do(ask, path, token).verdict for path, token in tokens)
    refused = sum(one.status == 401 for one in answers)
    return Finding(
        f"grace 0: one of {scale.refreshes:,} refreshes by {by}, then the end",
        place.name,
        f"{summary(counts)}; afterwards {summary(dead)}",
        len(granted) == 1
        and refused == scale.refreshes - 1
        and all(verdict.startswith("401") for verdict in dead),
    )


def _race(workers: Sequence[Worker], times: int) -> tuple[Answer, list[Answer], Counter[str]]:
    signed_in = workers[0].do(sign_in)
    share = times // len(workers)
    racing = [worker.tell(_refresh_often, signed_in.spare, share) for worker in workers]
    answers = [answer for pending in racing for answer in pending.result()]
    return signed_in, answers, Counter(map(_outcome, answers))


def _outcome(answer: Answer) -> str:
    if answer.status == 200:
        return f"200 generation {generation_of(answer.spare)}"
    return answer.verdict


def _refresh_often(site: Site, token: str, times: int) -> list[Answer]:
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(lambda _: site.ask("/refresh", token), range(times)))
