"""A logout against a concurrent refresh of the same session in another process."""

import time
from collections import Counter
from collections.abc import Iterator

from soak.findings import Finding, Scale, summary
from soak.places import Place
from soak.site import Answer, ask, sign_in
from soak.visibility import GIVE_UP
from soak.workers import Worker, working


def trial(place: Place, scale: Scale) -> Iterator[Finding]:
    """Race pairs; then use every token of the session, whichever request was first."""
    winners, afterwards = Counter[str](), Counter[str]()
    pairs: list[Answer] = []
    with working(2, place.url) as (leaving, staying):
        for number in range(scale.pairs):
            signed_in = staying.do(sign_in)
            refreshed = _raced(leaving, staying, signed_in, logout_first=number % 2 == 0)
            winners[refreshed.verdict] += 1
            held = [signed_in, refreshed] if refreshed.status == 200 else [signed_in]
            pairs += held
            for pair in held:
                afterwards[_verdict(leaving, "/me", pair.access)] += 1
                afterwards[_verdict(leaving, "/refresh", pair.spare)] += 1
                afterwards[_verdict(staying, "/refresh", pair.spare)] += 1
        # How soon the other process rejects an access token is a separate trial.
        later = Counter(_verdict_in_the_end(staying, pair.access) for pair in pairs)
    yield Finding(
        f"after a logout nothing works, {scale.pairs:,} races with a refresh",
        place.name,
        f"the refresh got {summary(winners)}; afterwards {summary(afterwards)}; "
        f"in the other process {summary(later)}",
        set(winners) <= {"200", "401 session_ended"}
        and set(afterwards) | set(later) == {"refused"},
    )


def _raced(leaving: Worker, staying: Worker, pair: Answer, *, logout_first: bool) -> Answer:
    if logout_first:
        ending = leaving.tell(ask, "/logout", pair.access)
        refreshing = staying.tell(ask, "/refresh", pair.spare)
    else:
        refreshing = staying.tell(ask, "/refresh", pair.spare)
        ending = leaving.tell(ask, "/logout", pair.access)
    ended = ending.result()
    if ended.body != {"ended": True}:
        raise RuntimeError(f"a logout was answered {ended.verdict}")
    return refreshing.result()


def _verdict(worker: Worker, path: str, token: str) -> str:
    answer = worker.do(ask, path, token)
    return "refused" if answer.status == 401 else f"{path} {answer.verdict}"


def _verdict_in_the_end(worker: Worker, token: str) -> str:
    give_up_at = time.monotonic() + GIVE_UP
    while True:
        verdict = _verdict(worker, "/me", token)
        if verdict == "refused" or time.monotonic() >= give_up_at:
            return verdict
        time.sleep(0.01)
