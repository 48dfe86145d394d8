"""Short runs of every soak trial on every store."""

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
    # Slower than in the soak, for busy machines.
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


def test_exactly_one_of_many_concurrent_refreshes_succeeds(place: Place) -> None:
    assert broken(races.trial, place) == []


def test_token_reuse_is_detected_after_a_crash_of_all_servers(place: Place) -> None:
    assert broken(replays.trial, place) == []


def test_refresh_whose_process_dies_before_the_response_can_be_retried(place: Place) -> None:
    assert broken(crashes.trial, place) == []


def test_no_token_works_after_a_logout_that_races_a_refresh(place: Place) -> None:
    assert broken(logouts.trial, place) == []


def test_revocation_reaches_another_process(place: Place) -> None:
    # The soak measures how soon; here it may take as long as a busy machine needs.
    granted_late, delays = visibility.watched(place, SHORT)
    assert max(delays) < visibility.GIVE_UP
    assert not (granted_late and place.is_next_request)


def test_logout_on_one_node_applies_to_another(place: Place) -> None:
    if place.name == SQLITE:
        pytest.skip("which serves one machine")
    assert max(nodes.watched(place, SHORT)) < visibility.GIVE_UP


def test_full_disk_gives_503_and_loses_nothing(sqlite_place: Place) -> None:
    assert broken(full_disk.trial, sqlite_place) == []


def test_no_client_of_many_processes_gets_a_lock_error(sqlite_place: Place) -> None:
    statuses, _ = load.mixed_load(sqlite_place, SHORT)
    assert set(statuses) == {load.AS_EXPECTED}
    assert load.integrity(sqlite_place) == "ok"


@pytest.mark.parametrize("open_place", [SQLITE, POSTGRESQL])
def test_key_rotation_under_load_fails_no_request(open_place: str) -> None:
    with PLACES[open_place]() as empty:
        assert broken(keys.trial, empty) == []


def test_key_listed_too_late_is_detected() -> None:
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


@pytest.mark.parametrize("open_place", [SQLITE, POSTGRESQL])
def test_responses_do_not_depend_on_whether_an_address_has_an_account(open_place: str) -> None:
    # The soak measures the response times; here the machine may be busy.
    with PLACES[open_place]() as empty:
        found = enumeration.probe_addresses(empty, SHORT.strangers)
    for probes in found.values():
        assert len(probes.answers) == 1
        assert probes.answers.total() == SHORT.strangers


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[outages.Nodes]:
    with outages.two_nodes() as nodes:
        yield nodes


def is_closed_and_comes_back(outage: outages.Outage) -> bool:
    """Return whether the guarantee held, at any speed: only the soak measures how soon."""
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


def test_one_of_two_nodes_is_killed(two_nodes: outages.Nodes) -> None:
    # Last in the file, because the node is not restarted.
    outage = outages.node_killed(two_nodes)
    assert is_closed_and_comes_back(outage)
    assert outage.lost == 0
