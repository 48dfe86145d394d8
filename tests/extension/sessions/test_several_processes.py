"""Two workers over one SQLite file: the next request sees a session ended by the other worker."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.extension.sessions.conftest import MakeSite
from tests.extension.sessions.site import SignedIn, Site, bearing, refusal

ENDED = (401, "session_ended")


@pytest.fixture
def workers(make_site: MakeSite, tmp_path: Path) -> tuple[Site, Site]:
    url = f"sqlite:///{tmp_path}/sessions.db"
    here, there = (make_site(WATCHWORD_SESSION_STORE=url) for _ in range(2))
    for site in (here, there):
        site.sign_in().get()
        site.clock.now += 5
    return here, there


def at(site: Site, device: SignedIn) -> SignedIn:
    """Return the same device as a client of another worker."""
    return SignedIn(site.app.test_client(), dict(device.pair))


def test_session_ended_by_one_worker_is_rejected_by_the_next_request_of_another(
    workers: tuple[Site, Site],
) -> None:
    here, there = workers
    for _ in range(20):
        ada = here.sign_in()
        assert at(there, ada).get().status_code == 200
        ada.post("/end")
        assert refusal(at(there, ada).get()) == ENDED


def test_token_reuse_at_one_worker_ends_the_session_at_all(workers: tuple[Site, Site]) -> None:
    here, there = workers
    ada = here.sign_in()
    first = ada.spare
    assert at(there, ada).refresh().status_code == 200
    here.clock.now += 11
    assert refusal(ada.refresh(first)) == (401, "refresh_reused")
    assert refusal(at(there, ada).get()) == ENDED


def test_token_reuse_after_a_restart_is_detected(
    workers: tuple[Site, Site], make_site: MakeSite
) -> None:
    here, _ = workers
    ada = here.sign_in()
    first = ada.spare
    ada.refresh()
    ada.refresh()
    later = make_site(WATCHWORD_SESSION_STORE=here.app.config["WATCHWORD_SESSION_STORE"])
    later.clock.now = here.clock.now
    assert refusal(at(later, ada).refresh(first)) == (401, "refresh_reused")
    answer = here.app.test_client().get("/me", headers=bearing(ada.access))
    assert refusal(answer) == ENDED


def test_worker_whose_database_was_replaced_by_a_backup_fails_closed(
    workers: tuple[Site, Site], make_site: MakeSite, tmp_path: Path
) -> None:
    here, _ = workers
    ada = here.sign_in()
    file, backup = tmp_path / "sessions.db", tmp_path / "backup.db"
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    backup.replace(file)
    restarted = make_site(WATCHWORD_SESSION_STORE=here.app.config["WATCHWORD_SESSION_STORE"])
    restarted.clock.now = here.clock.now
    assert at(restarted, ada).post("/end").status_code == 200
    assert refusal(at(restarted, ada).get()) == ENDED
    assert refusal(ada.get()) == (503, "store_unavailable")
