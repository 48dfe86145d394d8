"""A dry run predicts the result of a refresh without performing it."""

import pytest

from flask_watchword.infra.memory_sessions import MemorySessionStore
from flask_watchword.sessions.refresh import RefreshRejected, dry_run, refresh
from flask_watchword.sessions.session import SIGNED_OUT, Lifetimes, new_session

NOW = 1_700_000_000.0
LIVES = Lifetimes()


def outcome(act: object, *given: object) -> str:
    try:
        act(*given)  # type: ignore[operator]
    except RefreshRejected as error:
        return error.code
    return "granted"


@pytest.mark.parametrize(
    ("generation", "later", "expected"),
    [
        (2, 1.0, "granted"),
        (1, 1.0, "granted"),
        (1, 60.0, "refresh_reused"),
        (0, 1.0, "refresh_reused"),
        (3, 1.0, "refresh_reused"),
        (2, LIVES.idle + 1.0, "session_ended"),
    ],
)
def test_dry_run_returns_what_a_refresh_does(generation: int, later: float, expected: str) -> None:
    store, session = MemorySessionStore(), new_session("ada", NOW, LIVES)
    store.start(session, None, LIVES)
    refresh(store, session.id, 1, NOW, LIVES)
    before = store.get(session.id)
    given = (store, session.id, generation, NOW + later, LIVES)
    assert outcome(dry_run, *given) == expected
    assert store.get(session.id) == before
    assert outcome(refresh, *given) == expected


def test_dry_run_rejects_an_ended_or_unknown_session() -> None:
    store, session = MemorySessionStore(), new_session("ada", NOW, LIVES)
    store.start(session, None, LIVES)
    store.end(session.id, NOW, SIGNED_OUT, LIVES)
    for session_id in (session.id, "nothing"):
        assert outcome(dry_run, store, session_id, 1, NOW, LIVES) == "session_ended"
