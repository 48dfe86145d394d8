"""The trials of the soak, each once and short, on every store."""

from collections.abc import Callable, Iterator

import pytest

from soak import (
    crashes,
    enumeration,
    full_disk,
    keys,
    load,
    logouts,
    nodes,
    outages,
    races,
    replays,
    visibility,
)
from soak.findings import Finding, Scale
from soak.outage_load import PROTECTED
from soak.places import PLACES, POSTGRESQL, SQLITE, Place

pytestmark = [pytest.mark.server, pytest.mark.slow]

SHORT = Scale(
    refreshes=80,
    crashes=6,
    pairs=20,
    revocations=20,
    processes=4,
    seconds=1.5,
    rotating=11.0,
    # Slower than in the soak, so that a busy machine has the time it needs.
    between=4.0,
    strangers=30,
    away=3.0,
    frozen=4.0,
)

Trial = Callable[[Place, Scale], Iterator[Finding]]


@pytest.fixture(scope="module", params=PLACES)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with PLACES[request.param]() as lent:
        yield lent


@pytest.fixture
def sqlite_place() -> Iterator[Place]:
    with PLACES[SQLITE]() as lent:
        yield lent


def broken(trial: Trial, place: Place) -> list[Finding]:
    return [finding for finding in trial(place, SHORT) if finding.holds is False]


def test_of_many_refreshes_of_one_token_one_is_first(place: Place) -> None:
    assert broken(races.trial, place) == []


def test_a_replay_is_caught_also_after_everything_was_killed(place: Place) -> None:
    assert broken(replays.trial, place) == []


def test_a_refresh_whose_process_dies_before_answering_is_retried(place: Place) -> None:
    assert broken(crashes.trial, place) == []


def test_after_a_logout_that_races_a_refresh_nothing_works(place: Place) -> None:
    assert broken(logouts.trial, place) == []


def test_a_revocation_reaches_another_process(place: Place) -> None:
    # How soon is for the soak to say; here it may take as long as a busy machine needs.
    granted_late, delays = visibility.watched(place, SHORT)
    assert max(delays) < visibility.GIVE_UP
    assert not (granted_late and place.is_next_request)


def test_a_logout_on_one_node_is_seen_on_another(place: Place) -> None:
    if place.name == SQLITE:
        pytest.skip("which serves one machine")
    assert max(nodes.watched(place, SHORT)) < visibility.GIVE_UP


def test_a_full_disk_is_answered_503_and_harms_nothing(sqlite_place: Place) -> None:
    assert broken(full_disk.trial, sqlite_place) == []


def test_no_client_of_many_processes_is_told_of_a_lock(sqlite_place: Place) -> None:
    statuses, _ = load.mixed_load(sqlite_place, SHORT)
    assert set(statuses) == {load.AS_EXPECTED}
    assert load.integrity(sqlite_place) == "ok"


@pytest.mark.parametrize("lend", [SQLITE, POSTGRESQL])
def test_keys_are_rotated_under_load_and_nobody_notices(lend: str) -> None:
    with PLACES[lend]() as empty:
        assert broken(keys.trial, empty) == []


def test_a_key_that_is_not_listed_in_time_is_noticed() -> None:
    def looks(*listed: bool) -> list[keys.Look]:
        kids = (frozenset(["one"] if is_there else []) for is_there in listed)
        return [keys.Look(10.0 * n, 10.0 * n + 1, there) for n, there in enumerate(kids)]

    seen = keys.Seen(uses={"one": keys.Use(first=15.0, last=45.0)})
    for listed, found in (
        ((False, True, True, True, True), ([], [])),
        ((False, False, True, True, True), (["one"], [])),
        ((True, True, True, True, False), ([], ["one"])),
        ((True, True, False, True, True), ([], ["one"])),
    ):
        seen.looks = looks(*listed)
        assert keys.unlisted(seen) == found


@pytest.mark.parametrize("lend", [SQLITE, POSTGRESQL])
def test_nobody_is_answered_differently_about_an_address(lend: str) -> None:
    # How long it takes is for the soak to say: here the machine may be busy.
    with PLACES[lend]() as empty:
        found = enumeration.asked_about(empty, SHORT.strangers)
    for asked in found.values():
        assert len(asked.answers) == 1
        assert asked.answers.total() == SHORT.strangers


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[outages.Nodes]:
    with outages.two_nodes() as nodes:
        yield nodes


def is_closed_and_comes_back(outage: outages.Outage) -> bool:
    """Tell whether all went well; how soon is for the soak to say: here the machine may be busy."""
    assert outage.wrong == {}
    assert outage.traces == 0
    assert outage.longest < 20.0
    return outage.back < 10.0


def test_postgresql_stopped_under_two_nodes(two_nodes: outages.Nodes) -> None:
    outage = outages.postgres_stopped(two_nodes, SHORT)
    assert is_closed_and_comes_back(outage)
    assert outage.lost == 0
    assert outage.granted == {PROTECTED}


def test_postgresql_frozen_under_two_nodes(two_nodes: outages.Nodes) -> None:
    outage = outages.postgres_frozen(two_nodes, SHORT)
    assert is_closed_and_comes_back(outage)
    assert outage.lost == 0
    assert outage.granted == {PROTECTED}


def test_postgresql_without_a_connection_for_two_nodes(two_nodes: outages.Nodes) -> None:
    outage = outages.postgres_full(two_nodes, SHORT)
    assert is_closed_and_comes_back(outage)
    kept, busy = outages.connections_kept(two_nodes)
    assert (outage.lost, busy) == (0, 0)
    assert kept <= outages.MOST_KEPT


def test_postgresql_stopped_with_the_sessions_in_it() -> None:
    with outages.two_nodes(postgres_alone=True) as nodes:
        outage = outages.postgres_stopped(nodes, SHORT)
    assert is_closed_and_comes_back(outage)
    assert (outage.lost, outage.granted_late) == (0, 0)


def test_valkey_stopped_under_two_nodes(two_nodes: outages.Nodes) -> None:
    outage = outages.valkey_stopped(two_nodes, SHORT)
    assert is_closed_and_comes_back(outage)
    assert (outage.lost, outage.granted_late) == (0, 0)


def test_valkey_frozen_under_two_nodes(two_nodes: outages.Nodes) -> None:
    outage = outages.valkey_frozen(two_nodes, SHORT)
    assert is_closed_and_comes_back(outage)
    assert (outage.lost, outage.granted_late) == (0, 0)


def test_valkey_wiped_under_two_nodes(two_nodes: outages.Nodes) -> None:
    assert is_closed_and_comes_back(outages.valkey_wiped(two_nodes))


def test_one_of_two_nodes_killed(two_nodes: outages.Nodes) -> None:
    # The last of these: the node stays away.
    outage = outages.node_killed(two_nodes)
    assert is_closed_and_comes_back(outage)
    assert outage.lost == 0
