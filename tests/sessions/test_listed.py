"""What a list of sessions shows to a user who may be a thief with a copied token."""

from dataclasses import replace

import pytest

from flask_watchword.infra.memory_sessions import MemorySessionStore
from flask_watchword.sessions.listed import ListedSession, listed
from flask_watchword.sessions.session import Lifetimes, Session, new_session

HOUR = 3_600.0
NOW = 472_222 * HOUR + 700.0  # some minutes past an hour
LIVES = Lifetimes()


def used(*moments: float, lives: Lifetimes = LIVES) -> Session:
    """Return a session that was refreshed at these times."""
    store, session = MemorySessionStore(), new_session("ada", NOW, lives)
    store.start(session, None, lives)
    for generation, moment in enumerate(moments, start=1):
        rotated = store.rotate(session.id, generation, moment, lives)
        assert rotated is not None
        session = rotated
    return session


@pytest.mark.parametrize("grace", [0.0, 10.0, 30.0, 300.0])
def test_refresh_is_hidden_while_the_previous_token_works(grace: float) -> None:
    lives = replace(LIVES, grace=grace)
    owner_comes = NOW + 3 * HOUR + 123.0
    before = used(NOW + 900.0, lives=lives)
    after = used(NOW + 900.0, owner_comes, lives=lives)
    for since in (0.0, 1.0, grace, grace + 1.0, lives.concealed):
        seen = replace(listed(after, owner_comes + since, lives), id=before.id)
        assert seen == listed(before, owner_comes + since, lives)


def test_refresh_is_shown_to_the_hour_once_the_previous_token_is_invalid() -> None:
    refreshed = NOW + 3 * HOUR + 123.0
    shown = listed(used(refreshed), refreshed + LIVES.concealed + 0.25, LIVES)
    assert shown.last_seen_at == refreshed // HOUR * HOUR
    assert shown.expires_at == shown.last_seen_at + LIVES.idle


def test_times_are_coarser_than_any_grace_period() -> None:
    for grace in (0.0, 10.0, 60.0, 600.0, 7_200.0):
        lives = replace(LIVES, grace=grace)
        assert lives.concealed > lives.grace
        assert lives.shown_interval >= 10 * grace
    assert replace(LIVES, idle=1_200.0).shown_interval == 300.0


def test_session_that_was_never_refreshed_is_shown_unchanged() -> None:
    session = used()
    shown = listed(session, NOW, LIVES)
    assert (shown.started_at, shown.last_seen_at, shown.expires_at) == (
        NOW,
        NOW,
        session.idle_until,
    )


def test_shown_expiry_is_never_after_the_absolute_one() -> None:
    lives = replace(LIVES, idle=LIVES.absolute)
    late = NOW + LIVES.absolute - HOUR
    shown = listed(used(late, lives=lives), late + HOUR / 2, lives)
    assert shown.expires_at == NOW + LIVES.absolute


def test_time_of_a_repeat_is_rounded_too() -> None:
    session = replace(used(), elsewhere_at=NOW + HOUR + 7.0, elsewhere_agent="curl/8")
    shown = listed(session, NOW + 2 * HOUR, LIVES)
    assert shown.elsewhere_at == (NOW + HOUR) // HOUR * HOUR
    assert (shown.elsewhere_address, shown.elsewhere_agent) == ("", "curl/8")


def test_list_reveals_nothing_that_a_refresh_changes() -> None:
    """The first use, its address and agent, and the generation would reveal a refresh."""
    assert not set(ListedSession.__slots__) & {
        "generation",
        "rotated_at",
        "idle_until",
        "shown_use_at",
        "used_address",
        "used_agent",
        "repeated",
        "repeated_elsewhere",
    }
