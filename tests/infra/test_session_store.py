"""The contract of a session store, and of refreshing on top of it.

It is tested with every implementation. All times are the tests' own: no store may read a clock.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from flask_watchword.infra import memory_sessions
from flask_watchword.infra.sql import sessions as sql_sessions
from flask_watchword.infra.valkey import sessions as valkey_sessions
from flask_watchword.sessions.refresh import RefreshRejected, refresh
from flask_watchword.sessions.requester import Requester
from flask_watchword.sessions.revocation import Revocation, RevocationIndex, RevocationKind
from flask_watchword.sessions.session import (
    REFRESH_REUSED,
    SIGNED_OUT,
    SIGNED_OUT_EVERYWHERE,
    TOO_MANY,
    Lifetimes,
    Session,
    new_session,
)
from flask_watchword.sessions.store import (
    MAX_ENDED_PER_CALL,
    LogPage,
    SessionStore,
    session_revocation,
    subject_revocation,
)

NOW = 1_700_000_000.25
LIVES = Lifetimes(access=900.0, idle=7_200.0, absolute=36_000.0, grace=10.0)
STRICT = replace(LIVES, grace=0.0)

#: The requester that starts sessions, and another one.
HERE = Requester("192.0.2.7", "Browser")
THERE = Requester("2001:db8::7", "B\N{LATIN SMALL LETTER U WITH DIAERESIS}cher/1 '")

OpenSessions = Callable[[], SessionStore]


def started(
    store: SessionStore, subject: str = "ada", now: float = NOW, limit: int | None = None
) -> Session:
    session = new_session(subject, now, LIVES, Requester("192.0.2.7", "Browser"))
    store.start(session, limit, LIVES)
    return session


def logged(store: SessionStore, now: float = NOW) -> list[Revocation]:
    return list(store.revocations(0, now).entries)


def entry(
    value: str,
    *,
    kind: RevocationKind = RevocationKind.TOKEN,
    moment: float = NOW,
    until: float = NOW + 900,
) -> Revocation:
    return Revocation(kind, value, moment, until)


def refusal(
    store: SessionStore, session: Session, generation: int, now: float, lives: Lifetimes = LIVES
) -> RefreshRejected:
    with pytest.raises(RefreshRejected) as caught:
        refresh(store, session.id, generation, now, lives)
    return caught.value


# Starting


def test_session_is_returned_as_it_was_started(store: SessionStore) -> None:
    ada, bob = started(store), started(store, "bob", NOW + 1)
    assert store.get(ada.id) == ada
    assert store.get(bob.id) == bob


def test_empty_store_finds_nothing(store: SessionStore) -> None:
    assert store.get("nothing") is None
    assert store.rotate("nothing", 1, NOW, LIVES) is None
    assert store.end("nothing", NOW, SIGNED_OUT, LIVES) is None
    assert list(store.of_subject("ada", NOW)) == []
    assert list(store.find_revocations("s", "t", "u")) == []
    assert logged(store) == []


@pytest.mark.parametrize("text", ["", "\0", "' OR 1=1 --", "%", "*", "{x}", "\N{SNOWMAN}"])
def test_hostile_text_finds_nothing(store: SessionStore, text: str) -> None:
    started(store)
    assert store.get(text) is None
    assert store.rotate(text, 1, NOW, LIVES) is None
    assert store.end(text, NOW, SIGNED_OUT, LIVES) is None
    assert list(store.of_subject(text, NOW)) == []
    assert store.end_all(text, NOW, SIGNED_OUT, LIVES, keep=text) == []
    assert list(store.find_revocations(text, text, text)) == []


def test_text_of_any_script_is_stored(store: SessionStore) -> None:
    session = new_session("Ада:1 {x}", NOW, LIVES, Requester("2001:db8::1", "Bücher/1 😀 '\""))
    store.start(session, None, LIVES)
    assert store.get(session.id) == session
    assert list(store.of_subject(session.subject, NOW)) == [session]


def test_without_a_limit_the_number_of_sessions_is_unbounded(store: SessionStore) -> None:
    sessions = [started(store, now=NOW + n) for n in range(5)]
    assert len(store.of_subject("ada", NOW + 5)) == len(sessions)


def test_start_beyond_the_limit_ends_the_oldest_session_and_logs_it(store: SessionStore) -> None:
    first, second, third = (started(store, now=NOW + n) for n in range(3))
    assert store.rotate(first.id, 1, NOW + 3, LIVES)  # oldest is by start, not by use
    fourth = new_session("ada", NOW + 4, LIVES)
    ended = store.start(fourth, 3, LIVES)
    kept = store.get(first.id)
    assert ended == [kept]
    assert kept is not None
    assert (kept.ended_at, kept.end_reason) == (NOW + 4, TOO_MANY)
    assert logged(store) == [session_revocation(kept, NOW + 4, LIVES)]
    assert {s.id for s in store.of_subject("ada", NOW + 4)} == {second.id, third.id, fourth.id}


def test_smaller_limit_ends_as_many_as_necessary(store: SessionStore) -> None:
    old = [started(store, now=NOW + n) for n in range(4)]
    new = new_session("ada", NOW + 4, LIVES)
    assert {session.id for session in store.start(new, 1, LIVES)} == {s.id for s in old}
    assert list(store.of_subject("ada", NOW + 4)) == [new]


def test_start_ends_a_bounded_number_of_sessions_and_end_all_ends_every_one(
    store: SessionStore,
) -> None:
    many = [started(store, now=NOW + n / 1000).id for n in range(2 * MAX_ENDED_PER_CALL + 2)]
    new = new_session("ada", NOW + 10, LIVES)
    ended = [one.id for one in store.start(new, 1, LIVES)]
    assert sorted(ended) == sorted(many[:MAX_ENDED_PER_CALL])
    assert len(store.of_subject("ada", NOW + 10)) == MAX_ENDED_PER_CALL + 3
    ended = [one.id for one in store.end_all("ada", NOW + 11, SIGNED_OUT, LIVES, keep=new.id)]
    assert sorted(ended) == sorted(many[MAX_ENDED_PER_CALL:])
    assert store.of_subject("ada", NOW + 11) == [new]
    index = index_of(store, NOW + 11)
    assert all(index.revokes({"sid": one, "sub": "ada", "auth_time": int(NOW)}) for one in many)
    assert not index.revokes(claims_of(new))


def test_limit_counts_the_live_sessions_of_one_subject(store: SessionStore) -> None:
    over = started(store, now=NOW)
    store.end(over.id, NOW, SIGNED_OUT, LIVES)
    idle = started(store, now=NOW)
    bob = started(store, "bob", NOW + LIVES.idle)
    started(store, now=NOW + LIVES.idle - 1)
    later = new_session("ada", NOW + LIVES.idle, LIVES)
    assert store.start(later, 2, LIVES) == []
    assert store.get(idle.id) == idle
    assert store.get(bob.id) == bob


def test_concurrent_starts_never_exceed_the_limit(open_sessions: OpenSessions) -> None:
    stores = [open_sessions() for _ in range(4)]

    def start(n: int) -> None:
        started(stores[n % 4], now=NOW + n / 100, limit=3)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(start, range(24)))
    assert len(stores[0].of_subject("ada", NOW + 1)) == 3


# Rotating


def test_rotation_increments_the_generation_and_extends_the_idle_lifetime(
    store: SessionStore,
) -> None:
    session, other = started(store), started(store)
    now = NOW + 100.5
    rotated = store.rotate(session.id, 1, now, LIVES, THERE)
    assert rotated == replace(
        session,
        generation=2,
        rotated_at=now,
        idle_until=now + LIVES.idle,
        shown_use_at=NOW,
        used_address=THERE.address,
        used_agent=THERE.agent,
    )
    assert store.get(session.id) == rotated
    assert store.get(other.id) == other


def test_idle_lifetime_never_exceeds_the_absolute_one(store: SessionStore) -> None:
    session = started(store)
    for generation in range(1, 6):
        session = store.rotate(session.id, generation, NOW + 6_000 * generation, LIVES) or session
    assert session.generation == 6
    assert session.idle_until == session.ends_at == NOW + LIVES.absolute
    assert store.get(session.id) == session


@pytest.mark.parametrize("generation", [-1, 0, 1, 3, 2**31, 2**63 - 1, 2**63, 2**70, -(2**70)])
def test_another_generation_does_not_rotate(store: SessionStore, generation: int) -> None:
    session = started(store)
    rotated = store.rotate(session.id, 1, NOW, LIVES)
    assert store.rotate(session.id, generation, NOW, LIVES) is None
    assert store.get(session.id) == rotated


@pytest.mark.parametrize(("before_its_end", "rotates"), [(0.25, True), (0.0, False), (-1, False)])
def test_idle_session_rotates_until_it_expires(
    store: SessionStore, before_its_end: float, rotates: bool
) -> None:
    session = started(store)
    outcome = store.rotate(session.id, 1, session.idle_until - before_its_end, LIVES)
    assert (outcome is not None) is rotates


@pytest.mark.parametrize(("before_its_end", "rotates"), [(0.25, True), (0.0, False), (-1, False)])
def test_session_in_constant_use_rotates_until_its_absolute_expiry(
    store: SessionStore, before_its_end: float, rotates: bool
) -> None:
    forever = replace(LIVES, idle=LIVES.absolute)
    session = new_session("ada", NOW, forever)
    store.start(session, None, forever)
    assert store.rotate(session.id, 1, session.ends_at - 5, forever)
    outcome = store.rotate(session.id, 2, session.ends_at - before_its_end, forever)
    assert (outcome is not None) is rotates


def test_ended_session_does_not_rotate(store: SessionStore) -> None:
    session = started(store)
    store.end(session.id, NOW, SIGNED_OUT, LIVES)
    assert store.rotate(session.id, 1, NOW, LIVES) is None


def test_one_of_many_concurrent_rotations_succeeds(open_sessions: OpenSessions) -> None:
    stores = [open_sessions() for _ in range(4)]
    session = started(stores[0])

    def rotate(n: int) -> Session | None:
        return stores[n % 4].rotate(session.id, 1, NOW, LIVES)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(rotate, range(60)))
    winners = [outcome for outcome in outcomes if outcome is not None]
    assert [winner.generation for winner in winners] == [2]
    assert stores[0].get(session.id) == winners[0]


def test_use_is_shown_once_it_is_older_than_the_grace_period(store: SessionStore) -> None:
    session = started(store)
    shown = []
    for generation, now in enumerate((100.0, 105.0, 159.0, 225.0), start=1):
        rotated = store.rotate(session.id, generation, NOW + now, LIVES)
        assert rotated is not None
        shown.append(rotated.shown_use_at)
    assert LIVES.concealed == 60.0
    # The second and the third use came while the previous one was still hidden.
    assert shown == [NOW, NOW, NOW, NOW + 159.0]


# Repeating


def test_repeat_is_recorded_once_for_each_of_the_two_devices(store: SessionStore) -> None:
    session = started(store)
    first = store.rotate(session.id, 1, NOW, LIVES, HERE)
    assert first is not None
    noted = store.record_repeat(session.id, 2, NOW + 1, None)
    assert noted == replace(first, repeated=2)
    assert store.record_repeat(session.id, 2, NOW + 2, None) is None
    elsewhere = store.record_repeat(session.id, 2, NOW + 3, THERE)
    assert elsewhere == replace(
        noted,
        repeated_elsewhere=2,
        elsewhere_in_a_row=1,
        elsewhere_at=NOW + 3,
        elsewhere_address=THERE.address,
        elsewhere_agent=THERE.agent,
    )
    assert store.record_repeat(session.id, 2, NOW + 4, THERE) is None
    assert store.get(session.id) == elsewhere


def test_consecutive_generations_repeated_elsewhere_are_counted(
    store: SessionStore,
) -> None:
    session = started(store)
    counts = []
    for generation, repeated in enumerate((True, True, True, False, True), start=2):
        store.rotate(session.id, generation - 1, NOW, LIVES, HERE)
        if repeated:
            noted = store.record_repeat(session.id, generation, NOW, THERE)
            assert noted is not None
            counts.append(noted.elsewhere_in_a_row)
    assert counts == [1, 2, 3, 1]


@pytest.mark.parametrize("elsewhere", [None, THERE])
def test_repeat_of_another_generation_or_an_ended_session_is_not_recorded(
    store: SessionStore, elsewhere: Requester | None
) -> None:
    session = started(store)
    rotated = store.rotate(session.id, 1, NOW, LIVES)
    for generation in (1, 3):
        assert store.record_repeat(session.id, generation, NOW, elsewhere) is None
    assert store.get(session.id) == rotated
    ended = store.end(session.id, NOW, SIGNED_OUT, LIVES)
    assert store.record_repeat(session.id, 2, NOW, elsewhere) is None
    assert store.record_repeat("nothing", 1, NOW, elsewhere) is None
    assert store.get(session.id) == ended


def test_one_of_many_concurrent_repeats_is_recorded(open_sessions: OpenSessions) -> None:
    stores = [open_sessions() for _ in range(4)]
    session = started(stores[0])
    stores[0].rotate(session.id, 1, NOW, LIVES)

    def note(n: int) -> Session | None:
        return stores[n % 4].record_repeat(session.id, 2, NOW, THERE)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(note, range(40)))
    noted = [one for one in outcomes if one is not None]
    assert [one.elsewhere_in_a_row for one in noted] == [1]
    assert stores[0].get(session.id) == noted[0]


@pytest.mark.parametrize(
    ("again_by", "elsewhere"),
    [
        (HERE, False),
        (Requester("192.0.2.200", HERE.agent), False),  # the same /24
        (Requester("198.51.100.1", HERE.agent), True),
        (Requester(HERE.address, "curl/8"), True),
        (Requester(), True),
    ],
)
def test_repeat_from_another_network_or_agent_is_from_elsewhere(
    store: SessionStore, again_by: Requester, elsewhere: bool
) -> None:
    session = started(store)
    refresh(store, session.id, 1, NOW, LIVES, HERE)
    again = refresh(store, session.id, 1, NOW + 1, LIVES, again_by)
    assert (again.repeated, again.noted, again.elsewhere) == (True, True, elsewhere)
    once_more = refresh(store, session.id, 1, NOW + 2, LIVES, again_by)
    assert (once_more.repeated, once_more.noted, once_more.elsewhere) == (True, False, elsewhere)
    assert once_more.session == again.session == store.get(session.id)


@pytest.mark.parametrize("owner_is_first", [True, False])
def test_other_device_is_the_one_unlike_the_login(
    store: SessionStore, owner_is_first: bool
) -> None:
    session = started(store)  # from HERE
    first, second = (HERE, THERE) if owner_is_first else (THERE, HERE)
    refresh(store, session.id, 1, NOW, LIVES, first)
    noted = refresh(store, session.id, 1, NOW + 1, LIVES, second).session
    assert (noted.elsewhere_address, noted.elsewhere_agent) == (THERE.address, THERE.agent)


# Refreshing


def test_current_generation_is_refreshed(store: SessionStore) -> None:
    session = started(store)
    outcome = refresh(store, session.id, 1, NOW + 60, LIVES)
    assert outcome.session == store.get(session.id)
    assert (outcome.session.generation, outcome.repeated) == (2, False)


@pytest.mark.parametrize("since", [0.0, LIVES.grace - 0.25, LIVES.grace])
def test_repetition_within_the_grace_period_gets_the_same_generation(
    store: SessionStore, since: float
) -> None:
    session = started(store)
    first = refresh(store, session.id, 1, NOW + 60, LIVES)
    again = refresh(store, session.id, 1, NOW + 60 + since, LIVES)
    assert (again.session.generation, again.repeated) == (first.session.generation, True)
    assert logged(store) == []


def test_repetition_after_the_grace_period_is_a_reuse(store: SessionStore) -> None:
    session = started(store)
    refresh(store, session.id, 1, NOW + 60, LIVES)
    refused = refusal(store, session, 1, NOW + 60 + LIVES.grace + 0.25)
    assert (refused.code, refused.ended_now) == (REFRESH_REUSED, True)


def test_repetitions_do_not_extend_the_grace_period(store: SessionStore) -> None:
    session = started(store)
    refresh(store, session.id, 1, NOW, LIVES)
    assert refresh(store, session.id, 1, NOW + 6, LIVES).repeated
    assert refusal(store, session, 1, NOW + 12).code == REFRESH_REUSED


def test_without_grace_every_second_use_is_a_reuse(store: SessionStore) -> None:
    session = started(store)
    assert refresh(store, session.id, 1, NOW, STRICT).session.generation == 2
    assert refusal(store, session, 1, NOW, STRICT).code == REFRESH_REUSED


def test_rejected_reuse_ends_the_session_and_is_logged(
    open_sessions: OpenSessions,
) -> None:
    store = open_sessions()
    session = started(store)
    for generation in (1, 2):
        refresh(store, session.id, generation, NOW + generation, LIVES)
    refused = refusal(store, session, 1, NOW + 3)
    kept = open_sessions().get(session.id)
    assert refused.session == kept
    assert kept is not None
    assert (kept.ended_at, kept.end_reason) == (NOW + 3, REFRESH_REUSED)
    assert logged(open_sessions(), NOW + 3) == [session_revocation(kept, NOW + 3, LIVES)]


def test_reuse_of_each_of_ten_generations_within_a_second_is_detected(
    store: SessionStore,
) -> None:
    for replayed in range(1, 10):
        session = started(store)
        for generation in range(1, 11):
            refresh(store, session.id, generation, NOW + generation / 20, LIVES)
        assert refusal(store, session, replayed, NOW + 1).code == REFRESH_REUSED


def test_no_generation_works_after_a_reuse_and_each_gets_the_reason(store: SessionStore) -> None:
    session = started(store)
    refresh(store, session.id, 1, NOW, LIVES)
    refusal(store, session, 1, NOW + 60)
    for generation in (1, 2, 3):
        refused = refusal(store, session, generation, NOW + 61)
        assert (refused.code, refused.ended_now) == (REFRESH_REUSED, False)
    assert len(logged(store)) == 1


@pytest.mark.parametrize("generation", [2, 3, 2**70])
def test_future_generation_ends_the_session(store: SessionStore, generation: int) -> None:
    session = started(store)
    assert refusal(store, session, generation, NOW).code == REFRESH_REUSED
    assert refusal(store, session, 1, NOW).code == REFRESH_REUSED


def test_logged_out_session_is_not_refreshed(store: SessionStore) -> None:
    session = started(store)
    store.end(session.id, NOW, SIGNED_OUT, LIVES)
    refused = refusal(store, session, 1, NOW + 1)
    assert (refused.code, refused.session) == ("session_ended", store.get(session.id))


def test_idle_expired_session_is_not_refreshed(store: SessionStore) -> None:
    session = started(store)
    refused = refusal(store, session, 1, session.idle_until)
    assert (refused.code, refused.ended_now) == ("session_ended", False)


def test_unknown_session_is_not_refreshed(store: SessionStore) -> None:
    refused = refusal(store, new_session("ada", NOW, LIVES), 1, NOW)
    assert (refused.code, refused.session) == ("session_ended", None)


def test_many_concurrent_refreshes_all_get_the_one_successor(open_sessions: OpenSessions) -> None:
    stores = [open_sessions() for _ in range(4)]
    session = started(stores[0])
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(
            pool.map(lambda n: refresh(stores[n % 4], session.id, 1, NOW, LIVES), range(60))
        )
    assert {outcome.session.generation for outcome in outcomes} == {2}
    assert [outcome.repeated for outcome in outcomes].count(False) == 1
    assert logged(stores[0]) == []


# Ending


def test_ending_a_session_logs_its_revocation(open_sessions: OpenSessions) -> None:
    store = open_sessions()
    session, other = started(store), started(store)
    ended = store.end(session.id, NOW + 5, SIGNED_OUT, LIVES)
    assert ended == replace(session, ended_at=NOW + 5, end_reason=SIGNED_OUT)
    assert open_sessions().get(session.id) == ended
    assert store.get(other.id) == other
    assert logged(open_sessions()) == [session_revocation(session, NOW + 5, LIVES)]


def test_session_ends_once(store: SessionStore) -> None:
    session = started(store)
    ended = store.end(session.id, NOW, SIGNED_OUT, LIVES)
    assert store.end(session.id, NOW + 1, REFRESH_REUSED, LIVES) is None
    assert store.get(session.id) == ended
    assert len(logged(store)) == 1


def test_idle_expired_session_can_be_ended(store: SessionStore) -> None:
    patient = replace(LIVES, access=2 * LIVES.idle)
    session = started(store)
    now = session.idle_until
    ended = store.end(session.id, now, SIGNED_OUT, patient)
    assert ended is not None
    assert logged(store, now) == [session_revocation(session, now, patient)]


def test_one_of_many_concurrent_ends_succeeds(open_sessions: OpenSessions) -> None:
    stores = [open_sessions() for _ in range(4)]
    session = started(stores[0])

    def end(n: int) -> Session | None:
        return stores[n % 4].end(session.id, NOW + n, SIGNED_OUT, LIVES)

    with ThreadPoolExecutor(8) as pool:
        outcomes = [outcome for outcome in pool.map(end, range(24)) if outcome is not None]
    assert outcomes == [stores[0].get(session.id)]
    assert len(logged(stores[0])) == 1


def test_ending_all_ends_every_live_session_of_the_subject(store: SessionStore) -> None:
    over = started(store)
    before = store.end(over.id, NOW, SIGNED_OUT, LIVES)
    sessions = [started(store, now=NOW + n) for n in range(3)]
    bob = started(store, "bob")
    ended = store.end_all("ada", NOW + 9, SIGNED_OUT_EVERYWHERE, LIVES)
    expected = [
        replace(session, ended_at=NOW + 9, end_reason=SIGNED_OUT_EVERYWHERE) for session in sessions
    ]
    assert sorted(ended, key=lambda s: s.started_at) == expected
    assert [store.get(session.id) for session in sessions] == expected
    assert list(store.of_subject("ada", NOW + 9)) == []
    assert store.get(over.id) == before
    assert store.get(bob.id) == bob


def test_ending_all_logs_each_session_and_the_subject(store: SessionStore) -> None:
    sessions = [started(store) for _ in range(2)]
    store.end_all("ada", NOW + 9, SIGNED_OUT_EVERYWHERE, LIVES)
    entries = {session_revocation(session, NOW + 9, LIVES) for session in sessions}
    assert set(logged(store)) == entries | {subject_revocation("ada", NOW + 9, LIVES)}


def test_ending_all_sessions_of_a_subject_without_sessions_logs_the_subject(
    store: SessionStore,
) -> None:
    assert store.end_all("ada", NOW, SIGNED_OUT_EVERYWHERE, LIVES) == []
    assert logged(store) == [subject_revocation("ada", NOW, LIVES)]


@pytest.mark.parametrize(("past_its_end", "ends"), [(59.75, True), (60.0, False)])
def test_ending_all_ends_sessions_whose_tokens_the_leeway_still_accepts(
    store: SessionStore, past_its_end: float, ends: bool
) -> None:
    lives = replace(LIVES, leeway=60.0)
    session = new_session("ada", NOW, lives)
    store.start(session, None, lives)
    now = session.idle_until + past_its_end
    ended = store.end_all("ada", now, SIGNED_OUT_EVERYWHERE, lives)
    assert [one.id for one in ended] == ([session.id] if ends else [])


def test_ending_the_others_keeps_one_and_does_not_log_the_subject(store: SessionStore) -> None:
    kept, other = started(store), started(store)
    ended = store.end_all("ada", NOW + 9, SIGNED_OUT_EVERYWHERE, LIVES, keep=kept.id)
    assert [session.id for session in ended] == [other.id]
    assert list(store.of_subject("ada", NOW + 9)) == [kept]
    assert logged(store) == [session_revocation(other, NOW + 9, LIVES)]


#: How many sessions a step ends in the tests of many sessions.
STEP = 3


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (memory_sessions, sql_sessions, valkey_sessions):
        monkeypatch.setattr(module, "MAX_ENDED_PER_CALL", STEP)


def claims_of(session: Session) -> dict[str, object]:
    """Return the claims by which a token of a session is checked."""
    return {"sid": session.id, "sub": session.subject, "auth_time": int(session.started_at)}


def index_of(store: SessionStore, now: float) -> RevocationIndex:
    """Return the index of a process that follows the log."""
    index = RevocationIndex()
    index.add(store.revocations(0, now).entries)
    return index


def index_that_loads(store: SessionStore, now: float) -> RevocationIndex:
    """Return the index of a process that starts."""
    index = RevocationIndex()
    for page in store.log_pages(0, now):
        index.load(RevocationKind.SESSION, page.sessions)
        index.load(RevocationKind.TOKEN, page.tokens)
        index.add(page.others)
    index.loaded(now)
    return index


def index_for_one(store: SessionStore, session: Session) -> RevocationIndex:
    """Return the index of a process that cannot read the log, for one token."""
    index = RevocationIndex()
    index.add(store.find_revocations(session.id, "jti", session.subject, "kid"))
    return index


def kinds(store: SessionStore, now: float) -> list[str]:
    return sorted(entry.kind for entry in logged(store, now))


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("count", [STEP, 3 * STEP, 3 * STEP + 1])
def test_very_many_sessions_are_revoked_by_one_entry(store: SessionStore, count: int) -> None:
    many = [started(store, now=NOW + n) for n in range(count)]
    bob = started(store, "bob")
    now = NOW + count + LIVES.leeway + 1
    assert len(store.end_all("ada", now, SIGNED_OUT_EVERYWHERE, LIVES)) == count
    assert store.of_subject("ada", now) == []
    assert kinds(store, now) == ["sessions", "subject"]
    for index in (index_of(store, now), index_that_loads(store, now), index_for_one(store, bob)):
        assert not index.revokes(claims_of(bob))
    for session in many:
        index = index_for_one(store, session)
        for one in (index, index_of(store, now), index_that_loads(store, now)):
            assert one.revokes(claims_of(session))
            assert one.ends_session_of(claims_of(session))


@pytest.mark.usefixtures("small_steps")
def test_fewer_sessions_than_a_step_are_revoked_by_their_ids(store: SessionStore) -> None:
    for n in range(STEP - 1):
        started(store, now=NOW + n)
    store.end_all("ada", NOW + 60, SIGNED_OUT_EVERYWHERE, LIVES)
    assert kinds(store, NOW + 60) == ["session"] * (STEP - 1) + ["subject"]


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("after", [-4.5, -0.5, 0.0, 0.5, 60.0])
def test_session_started_after_the_revocation_is_valid_at_any_second_and_clock(
    store: SessionStore, after: float
) -> None:
    lives = replace(LIVES, leeway=5.0)
    for n in range(2 * STEP):
        started(store, now=NOW + n)
    now = NOW + 100
    store.end_all("ada", now, SIGNED_OUT_EVERYWHERE, lives)
    later = started(store, now=now + after)
    assert not index_of(store, now).revokes(claims_of(later))
    assert not index_for_one(store, later).revokes(claims_of(later))


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("before", [6.5, 6.0, 5.5, 1.0, 0.25, 0.0, -4.0])
def test_one_of_very_many_sessions_is_revoked_at_any_second_and_clock(
    store: SessionStore, before: float
) -> None:
    lives = replace(LIVES, leeway=5.0)
    now = NOW + 100
    for n in range(2 * STEP):
        started(store, now=NOW + n)
    recent = started(store, now=now - before)
    store.end_all("ada", now, SIGNED_OUT_EVERYWHERE, lives)
    assert index_of(store, now).revokes(claims_of(recent))
    assert index_for_one(store, recent).revokes(claims_of(recent))


@pytest.mark.usefixtures("small_steps")
def test_one_of_very_many_sessions_is_kept(store: SessionStore) -> None:
    many = [started(store, now=NOW + n) for n in range(3 * STEP)]
    kept = many[STEP]
    for now in (NOW + 60, NOW + 120):
        ended = store.end_all("ada", now, SIGNED_OUT_EVERYWHERE, LIVES, keep=kept.id)
        assert kept.id not in {one.id for one in ended}
        assert store.of_subject("ada", now) == [kept]
        assert {"kept", "sessions"} <= {*kinds(store, now)}
        assert "subject" not in kinds(store, now)
        for index in (index_of(store, now), index_that_loads(store, now)):
            assert [one.id for one in many if not index.revokes(claims_of(one))] == [kept.id]
        assert not index_for_one(store, kept).revokes(claims_of(kept))
        many += [started(store, now=now + n) for n in range(2 * STEP)]
    # Without its session an entry for all of them would revoke the kept one.
    alone = RevocationIndex()
    alone.add(store.find_revocations(None, None, "ada"))
    assert not alone.revokes(claims_of(kept))


@pytest.mark.usefixtures("small_steps")
def test_kept_session_ends_with_the_next_call(store: SessionStore) -> None:
    first = [started(store, now=NOW + n) for n in range(2 * STEP)]
    store.end_all("ada", NOW + 60, SIGNED_OUT_EVERYWHERE, LIVES, keep=first[0].id)
    second = [started(store, now=NOW + 60 + n) for n in range(2 * STEP)]
    # By a node whose clock is behind.
    store.end_all("ada", NOW + 50, SIGNED_OUT_EVERYWHERE, LIVES, keep=second[0].id)
    index = index_of(store, NOW + 60)
    everything = [*first, *second]
    valid = [one.id for one in everything if not index.revokes(claims_of(one))]
    assert valid == [second[0].id]


@pytest.mark.usefixtures("small_steps")
def test_ended_session_is_not_kept(store: SessionStore) -> None:
    many = [started(store, now=NOW + n) for n in range(3 * STEP)]
    store.end(many[0].id, NOW + 50, SIGNED_OUT, LIVES)
    store.end_all("ada", NOW + 60, SIGNED_OUT_EVERYWHERE, LIVES, keep=many[0].id)
    assert "kept" not in kinds(store, NOW + 60)
    assert index_of(store, NOW + 60).revokes(claims_of(many[0]))


# Listing


def test_live_sessions_are_listed_last_used_first(store: SessionStore) -> None:
    first, second, third = (started(store, now=NOW + n) for n in range(3))
    started(store, "bob")
    rotated = store.rotate(first.id, 1, NOW + 10, LIVES)
    assert list(store.of_subject("ada", NOW + 10)) == [rotated, third, second]
    store.end(third.id, NOW + 11, SIGNED_OUT, LIVES)
    assert list(store.of_subject("ada", NOW + 11)) == [rotated, second]
    assert list(store.of_subject("ada", second.idle_until)) == [rotated]


def test_sessions_are_listed_in_pages_the_newest_login_first(store: SessionStore) -> None:
    many = [started(store, now=NOW + n) for n in range(7)]
    started(store, "bob")
    store.rotate(many[0].id, 1, NOW + 20, LIVES)
    store.end(many[5].id, NOW + 20, SIGNED_OUT, LIVES)
    live = [many[n].id for n in (6, 4, 3, 2, 1, 0)]
    found: list[str] = []
    after = None
    for size in (2, 2, 2, 0):
        page = [one.id for one in store.page_of_subject("ada", NOW + 20, after, 2)]
        assert len(page) == size
        found += page
        after = found[-1]
    assert found == live
    assert len(store.page_of_subject("ada", NOW + 20, None, 100)) == 6
    assert store.page_of_subject("ada", NOW + LIVES.idle + 5, None, 100) == [
        store.get(many[n].id) for n in (6, 0)
    ]


def test_a_page_continues_after_a_session_that_has_ended(store: SessionStore) -> None:
    first, second, third = (started(store, now=NOW + n) for n in range(3))
    store.end(second.id, NOW + 5, SIGNED_OUT, LIVES)
    assert store.page_of_subject("ada", NOW + 5, second.id, 5) == [first]
    assert store.page_of_subject("ada", NOW + 5, third.id, 5) == [first]


def test_sessions_that_started_at_the_same_time_are_on_one_page_each(store: SessionStore) -> None:
    ids = {started(store).id for _ in range(5)}
    found: list[str] = []
    while page := store.page_of_subject("ada", NOW, found[-1] if found else None, 2):
        found += [one.id for one in page]
    assert len(found) == 5
    assert set(found) == ids


@pytest.mark.parametrize("after", ["", "\0", "nothing", "' OR 1=1 --", "\N{SNOWMAN}"])
def test_after_an_unknown_session_no_page_reveals_anything_of_others(
    store: SessionStore, after: str
) -> None:
    started(store)
    bob = started(store, "bob")
    assert store.page_of_subject("ada", NOW, bob.id, 5) == []
    if after:
        assert store.page_of_subject("ada", NOW, after, 5) == []


# The log


def test_revocations_are_complete_and_oldest_first(store: SessionStore) -> None:
    entries = [
        entry("a-token"),
        entry("ada", kind=RevocationKind.SUBJECT, moment=NOW + 1.5),
        entry("a-session", kind=RevocationKind.SESSION, until=NOW + 0.5),
    ]
    for one in entries:
        store.revoke(one)
    assert logged(store) == entries


def test_cursor_leads_to_the_entries_after_it(open_sessions: OpenSessions) -> None:
    writer, reader = open_sessions(), open_sessions()
    writer.revoke(entry("first"))
    before = reader.revocations(0, NOW)
    for value in ("second", "third"):
        writer.revoke(entry(value))
    after = reader.revocations(before.cursor, NOW)
    assert [e.value for e in after.entries if e not in before.entries] == ["second", "third"]
    assert after.epoch == before.epoch


def test_entry_is_omitted_from_its_expiry_on(store: SessionStore) -> None:
    store.revoke(entry("short", until=NOW + 10))
    store.revoke(entry("long", until=NOW + 20))
    assert [e.value for e in logged(store, NOW + 9.75)] == ["short", "long"]
    assert [e.value for e in logged(store, NOW + 10)] == ["long"]


def test_cursor_stays_valid_when_earlier_entries_are_purged(store: SessionStore) -> None:
    for n in range(3):
        store.revoke(entry(str(n), until=NOW + 1))
    cursor = store.revocations(0, NOW).cursor
    store.purge(NOW + 1, 100)
    assert list(store.revocations(cursor, NOW + 1).entries) == []
    store.revoke(entry("new"))
    assert [e.value for e in store.revocations(cursor, NOW + 1).entries] == ["new"]


def test_epoch_is_never_empty(store: SessionStore) -> None:
    assert store.revocations(0, NOW).epoch != ""


def test_follower_misses_no_entry_of_concurrent_writers(
    open_sessions: OpenSessions,
) -> None:
    writers = [open_sessions() for _ in range(4)]
    reader = open_sessions()
    sessions = {
        n: [started(store, f"subject {n}") for _ in range(8)] for n, store in enumerate(writers)
    }

    def write(n: int) -> None:
        for count, session in enumerate(sessions[n]):
            writers[n].revoke(entry(f"token {n} {count}"))
            writers[n].end(session.id, NOW, SIGNED_OUT, LIVES)
        writers[n].end_all(f"subject {n}", NOW, SIGNED_OUT_EVERYWHERE, LIVES)

    seen: set[str] = set()
    cursor = 0
    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, n) for n in range(4)]
        finished = False
        while not finished:
            finished = all(job.done() for job in writing)  # checked before the last read
            batch = reader.revocations(cursor, NOW)
            seen |= {e.value for e in batch.entries}
            cursor = batch.cursor
        for job in writing:
            job.result()
    expected = {f"token {n} {count}" for n in range(4) for count in range(8)}
    expected |= {session.id for of_one in sessions.values() for session in of_one}
    expected |= {f"subject {n}" for n in range(4)}
    assert seen == expected


def test_entries_about_a_session_a_token_and_a_subject_are_found(store: SessionStore) -> None:
    session, token, subject = (
        entry("one", kind=RevocationKind.SESSION),
        entry("two", kind=RevocationKind.TOKEN),
        entry("three", kind=RevocationKind.SUBJECT),
    )
    for one in (session, token, subject, entry("two", kind=RevocationKind.SESSION)):
        store.revoke(one)

    def found(*asked: str | None) -> Sequence[Revocation]:
        return sorted(store.find_revocations(*asked), key=lambda e: e.kind)

    assert found("one", "two", "three") == [session, subject, token]
    assert found(None, "two", None) == [token]
    assert found("three", "one", "two") == []
    assert found(None, None, None) == []


def test_entries_about_a_key_are_logged_and_found(store: SessionStore) -> None:
    key = entry("one", kind=RevocationKind.KEY)
    store.revoke(key)
    store.revoke(entry("one", kind=RevocationKind.TOKEN))
    assert list(store.find_revocations(None, None, None, "one")) == [key]
    assert list(store.find_revocations("one", None, "one", "two")) == []
    assert key in store.revocations(0, NOW).entries


def test_found_revocations_revoke_what_the_whole_log_revokes(store: SessionStore) -> None:
    session = started(store)
    store.end(session.id, NOW, SIGNED_OUT, LIVES)
    index = RevocationIndex()
    index.add(store.find_revocations(session.id, "jti", "ada"))
    assert index.revokes({"sid": session.id})


# Purging


def purged_in_batches(store: SessionStore, now: float, limit: int) -> list[int]:
    counts = []
    for _ in range(100):
        counts.append(store.purge(now, limit))
        if counts[-1] == 0:
            return counts
    pytest.fail(f"purging does not come to an end: {counts}")


def test_nothing_alive_is_purged(store: SessionStore) -> None:
    session = started(store)
    ended = started(store)
    kept = store.end(ended.id, NOW, SIGNED_OUT, LIVES)
    store.revoke(entry("token"))
    before = logged(store)
    assert store.purge(NOW + 1, 100) == 0
    assert store.get(session.id) == session
    assert store.get(ended.id) == kept
    assert logged(store) == before


@pytest.mark.parametrize(("before_its_end", "there"), [(0.25, True), (0.0, False)])
def test_session_is_purged_from_its_idle_expiry_on(
    store: SessionStore, before_its_end: float, there: bool
) -> None:
    session = started(store)
    purged_in_batches(store, session.idle_until - before_its_end, 10)
    assert (store.get(session.id) is not None) is there


def test_purging_takes_small_batches_until_nothing_is_left(store: SessionStore) -> None:
    old = [started(store, now=NOW + n) for n in range(7)]
    for n in range(7):
        store.revoke(entry(str(n), until=NOW + 1))
    store.revoke(entry("alive", until=NOW + 2 * LIVES.idle))
    alive = started(store, now=NOW + LIVES.idle)
    counts = purged_in_batches(store, NOW + LIVES.idle + 10, 3)
    assert sum(counts) == 14
    assert max(counts) <= 6
    assert [store.get(session.id) for session in old] == [None] * 7
    assert store.get(alive.id) == alive
    assert [e.value for e in logged(store, NOW)] == ["alive"]


# Following


def test_change_mark_stays_while_nothing_is_revoked(store: SessionStore) -> None:
    before = store.change_token()
    session = started(store)
    store.rotate(session.id, 1, NOW, LIVES)
    store.get(session.id)
    store.revocations(0, NOW)
    store.purge(NOW, 10)
    assert store.change_token() == before


def test_change_mark_moves_with_each_revocation_or_never(store: SessionStore) -> None:
    session, _ = started(store), started(store)
    marks = [store.change_token()]
    for revoke in (
        lambda: store.revoke(entry("token")),
        lambda: store.end(session.id, NOW, SIGNED_OUT, LIVES),
        lambda: store.end_all("ada", NOW, SIGNED_OUT_EVERYWHERE, LIVES),
        lambda: started(store, "bob", NOW),
        lambda: started(store, "bob", NOW + 1, limit=1),
    ):
        revoke()
        marks.append(store.change_token())
    assert len(set(marks)) in {1, 5}  # the first start of bob's revoked nothing


def waited_until(store: SessionStore, nudge: Callable[[], object]) -> bool:
    """Return whether a thread that waits for a long time returns because of the change."""
    returned = threading.Event()

    def wait() -> None:
        store.wait_for_change(60.0)
        returned.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    for _ in range(200):  # a thread that is not waiting yet cannot be woken
        nudge()
        if returned.wait(0.05):
            break
    thread.join(5.0)
    return returned.is_set()


def test_revocation_wakes_a_waiting_thread(open_sessions: OpenSessions) -> None:
    writer, waiter = open_sessions(), open_sessions()
    waiter.wait_for_change(0.1)  # the first call returns when it can receive, without a revocation
    assert waited_until(waiter, lambda: writer.revoke(entry("token")))


def test_closing_wakes_a_waiting_thread(store: SessionStore) -> None:
    assert waited_until(store, store.close)


def test_waiting_ends_after_its_time_limit(store: SessionStore) -> None:
    store.wait_for_change(0.0)


def test_store_is_not_newer_than_its_first_query(store: SessionStore) -> None:
    assert store.revocations(0, NOW).since <= NOW
    assert store.revocations(0, NOW + 60).since <= NOW


# The whole log


def pages(store: SessionStore, after: int = 0, now: float = NOW) -> list[LogPage]:
    return list(store.log_pages(after, now))


def test_pages_of_the_log_have_every_live_entry(open_sessions: OpenSessions) -> None:
    store = open_sessions()
    live = [
        entry("a session", kind=RevocationKind.SESSION),
        entry("a token"),
        entry("a key", kind=RevocationKind.KEY),
        entry("ada", kind=RevocationKind.SUBJECT, moment=NOW + 1.5),
    ]
    ended = [replace(one, value=f"ended {one.value}", expires_at=NOW) for one in live]
    for one in (*ended, *live):
        store.revoke(one)
    (page,) = pages(open_sessions())
    assert page.sessions == [("a session", NOW + 900)]
    assert page.tokens == [("a token", NOW + 900)]
    assert sorted(page.others, key=lambda one: one.value) == [live[2], live[3]]
    batch = store.revocations(0, NOW)
    assert (page.cursor, page.epoch, page.since) == (batch.cursor, batch.epoch, batch.since)


def test_an_empty_log_has_one_empty_page(store: SessionStore) -> None:
    (page,) = pages(store)
    assert [*page.sessions, *page.tokens, *page.others] == []
    assert page.epoch == store.revocations(0, NOW).epoch


def test_pages_continue_after_a_cursor(store: SessionStore) -> None:
    store.revoke(entry("first"))
    cursor = pages(store)[-1].cursor
    store.revoke(entry("second"))
    (page,) = pages(store, cursor)
    assert page.tokens == [("second", NOW + 900)]
    assert pages(store, page.cursor)[-1].tokens == []
    assert [one.value for one in store.revocations(cursor, NOW).entries] == ["second"]
