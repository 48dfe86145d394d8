"""Signals are sent for changes of sessions, after the change."""

from collections.abc import Iterator
from typing import Any

import pytest

from flask_watchword.extension.sessions import signals
from flask_watchword.sessions.session import Session
from tests.extension.sessions.conftest import MakeSite, on_every_store
from tests.extension.sessions.site import Site

pytestmark = on_every_store

NAMES = ("session_started", "session_refreshed", "session_ended", "refresh_reused")


@pytest.fixture
def sent() -> Iterator[list[tuple[str, str]]]:
    """Each signal with the session's id, or the reason for its end."""
    heard: list[tuple[str, str]] = []
    receivers = []
    for name in NAMES:

        def hear(_app: Any, session: Session, _name: str = name, **more: Any) -> None:
            detail = session.end_reason or session.id
            heard.append((_name, detail + (" again" if more.get("repeated") else "")))

        getattr(signals, name).connect(hear)
        receivers.append((getattr(signals, name), hear))
    yield heard
    for signal, hear in receivers:
        signal.disconnect(hear)


def test_each_step_of_a_session_sends_its_signal(site: Site, sent: list[tuple[str, str]]) -> None:
    ada = site.sign_in()
    first = ada.spare
    ada.refresh()
    ada.refresh(first)
    ada.post("/end")
    assert sent == [
        ("session_started", ada.session_id),
        ("session_refreshed", ada.session_id),
        ("session_refreshed", f"{ada.session_id} again"),
        ("session_ended", "signed_out"),
    ]


def test_replay_sends_one_signal(site: Site, sent: list[tuple[str, str]]) -> None:
    ada = site.sign_in()
    first = ada.spare
    ada.refresh()
    ada.refresh()
    sent.clear()
    ada.refresh(first)
    ada.refresh(first)
    # If the view leaves the check to the store, the store reports that the session has ended
    # already.
    assert ada.post("/refresh-unchecked", first).get_json()["code"] == "refresh_reused"
    assert sent == [("refresh_reused", "refresh_reused"), ("session_ended", "refresh_reused")]


def test_each_of_several_ended_sessions_sends_its_signal(
    site: Site, sent: list[tuple[str, str]]
) -> None:
    ada, _ = site.sign_in(), site.sign_in()
    sent.clear()
    ada.post("/end-all")
    assert sent == [("session_ended", "signed_out_everywhere")] * 2


def test_session_ended_by_the_limit_sends_its_signal(
    make_site: MakeSite, sent: list[tuple[str, str]]
) -> None:
    site = make_site(WATCHWORD_SESSIONS_PER_SUBJECT=1)
    site.sign_in()
    ada = site.sign_in()
    assert sent[1:] == [
        ("session_ended", "too_many_sessions"),
        ("session_started", ada.session_id),
    ]


def test_signal_is_sent_after_the_commit(site: Site) -> None:
    ada = site.sign_in()
    seen = []

    def look(_app: Any, session: Session) -> None:
        kept = site.store.get(session.id)
        seen.append((kept and kept.end_reason, ada.get().status_code))

    with signals.session_ended.connected_to(look, site.app), site.app.app_context():
        site.sessions.end(ada.session_id)
    assert seen == [("signed_out", 401)]
