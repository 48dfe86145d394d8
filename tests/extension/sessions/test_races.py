"""Concurrent threads: one new generation, and an ended session stays ended."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.extension.sessions.conftest import MakeSite, on_every_store
from tests.extension.sessions.site import START, Site, bearing

pytestmark = on_every_store

THREADS = 8
TIMEOUT = 60.0


def at_once(work: Callable[[int], int], times: int) -> Counter[int]:
    """Count the results of `work` in threads that start together."""
    together = threading.Barrier(THREADS)

    def share(first: int) -> list[int]:
        together.wait(TIMEOUT)
        return [work(number) for number in range(first, times, THREADS)]

    with ThreadPoolExecutor(THREADS) as pool:
        shares = [pool.submit(share, first) for first in range(THREADS)]
        return Counter(result for one in shares for result in one.result(TIMEOUT))


def test_thousand_refreshes_of_one_token_create_one_generation(site: Site) -> None:
    ada = site.sign_in()
    spare, generations = ada.spare, set()

    def refresh(_: int) -> int:
        answer = site.app.test_client().post("/refresh", headers=bearing(spare))
        if answer.status_code == 200:
            generations.add(site.claims(answer.get_json()["refresh_token"])["gen"])
        return answer.status_code

    assert at_once(refresh, 1000) == {200: 1000}
    assert generations == {2}
    session = site.store.get(ada.session_id)
    assert session is not None
    assert (session.generation, session.ended_at) == (2, None)


def test_without_a_grace_period_one_refresh_succeeds_and_the_session_ends(
    make_site: MakeSite,
) -> None:
    site = make_site(WATCHWORD_REFRESH_GRACE=0)
    ada = site.sign_in()
    spare = ada.spare

    def refresh(_: int) -> int:
        return site.app.test_client().post("/refresh", headers=bearing(spare)).status_code

    assert at_once(refresh, 200) == {200: 1, 401: 199}
    assert ada.get().status_code == 401


def test_no_token_of_the_session_works_after_a_logout(site: Site) -> None:
    client = site.app.test_client

    def race(_: int) -> int:
        ada = site.sign_in()
        pairs = [ada.pair]

        def refresh() -> None:
            answer = client().post("/refresh", headers=bearing(ada.spare))
            assert answer.status_code in (200, 401)
            if answer.status_code == 200:
                pairs.append(answer.get_json())

        thread = threading.Thread(target=refresh)
        thread.start()
        assert client().post("/end", headers=bearing(ada.access)).status_code == 200
        thread.join(TIMEOUT)
        for pair in pairs:
            refused = client().get("/me", headers=bearing(pair["access_token"]))
            assert refused.status_code == 401
            refused = client().post("/refresh", headers=bearing(pair["refresh_token"]))
            assert refused.status_code == 401
        return len(pairs)

    assert at_once(race, 500).total() == 500
    assert site.store.of_subject("ada", START) == []
