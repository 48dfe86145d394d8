"""The lifetimes of a session's tokens, and of their revocation."""

from dataclasses import replace

from flask_watchword.sessions.session import Lifetimes, new_session
from flask_watchword.sessions.store import session_revocation, subject_revocation

NOW = 1_700_000_000.0
LIVES = Lifetimes(access=900.0, idle=7_200.0, absolute=36_000.0, detached=50_000.0)


def test_access_token_expires_with_a_shorter_idle_lifetime() -> None:
    short = replace(LIVES, idle=60.0)
    assert new_session("ada", NOW, short).access_until(NOW, short) == NOW + 60


def test_access_token_expires_with_the_absolute_lifetime() -> None:
    session = new_session("ada", NOW, LIVES)
    last = replace(session, rotated_at=NOW + 35_900, idle_until=session.ends_at)
    assert last.access_until(NOW + 35_900, LIVES) == session.ends_at


def test_revocation_outlives_tokens_made_under_a_longer_idle_lifetime() -> None:
    short = replace(LIVES, idle=60.0)
    session = new_session("ada", NOW, short)
    assert session_revocation(session, NOW, short).expires_at == NOW + 900


def test_revocations_live_for_the_leeway_longer() -> None:
    lenient = replace(LIVES, leeway=30.0)
    session = new_session("ada", NOW, lenient)
    assert session_revocation(session, NOW, lenient).expires_at == NOW + 7_230
    assert subject_revocation("ada", NOW, lenient).expires_at == NOW + 50_060


def test_revocation_of_a_subject_expires_with_its_longest_token() -> None:
    assert subject_revocation("ada", NOW, LIVES).expires_at == NOW + 50_000
    endless = replace(LIVES, access=1e9)
    assert subject_revocation("ada", NOW, endless).expires_at == NOW + 1e9
