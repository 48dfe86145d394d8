"""A running service deletes expired account records."""

import time
from collections.abc import Callable

import pytest

from flask_watchword.accounts.one_time_codes import new_code
from flask_watchword.accounts.users import new_user
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.service import cleanup as tidying
from flask_watchword.service.app import create_app
from flask_watchword.service.cleanup import BATCH, INTERVAL, Cleanup
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores, service_context
from flask_watchword.service.features.email_verification.flow import VERIFY_EMAIL
from flask_watchword.service.mail import delivery
from flask_watchword.service.stores import opened_stores, prepare

TIMEOUT = 30.0


class Counting:
    """A cleanup that reports how many records it deleted, or that its store is down."""

    def __init__(self, *deleted: int | None) -> None:
        self.calls: list[tuple[float, int]] = []
        self._deleted = list(deleted)

    def purge(self, now: float, limit: int) -> int:
        self.calls.append((now, limit))
        deleted = self._deleted.pop(0)
        if deleted is None:
            raise StoreUnavailable("down")
        return deleted


class HandClock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_cleanup_runs_once_per_interval_and_not_at_startup() -> None:
    upkeep, elapsed = Counting(3, 0), HandClock()
    tidy = Cleanup(upkeep, lambda: 7.0, elapsed)
    tidy.run()
    elapsed.now += INTERVAL - 1.0
    tidy.run()
    assert upkeep.calls == []
    elapsed.now += 1.0
    tidy.run()
    tidy.run()
    assert upkeep.calls == [(7.0, BATCH)]
    elapsed.now += INTERVAL
    tidy.run()
    assert len(upkeep.calls) == 2


def test_cleanup_repeats_immediately_while_records_remain() -> None:
    upkeep, elapsed = Counting(BATCH, BATCH - 1), HandClock()
    tidy = Cleanup(upkeep, lambda: 7.0, elapsed)
    elapsed.now += INTERVAL
    for _ in range(3):
        tidy.run()
    assert len(upkeep.calls) == 2


def test_store_that_is_down_is_retried_after_an_interval() -> None:
    upkeep, elapsed = Counting(None, 0), HandClock()
    tidy = Cleanup(upkeep, lambda: 7.0, elapsed)
    for _ in range(2):
        elapsed.now += INTERVAL
        tidy.run()
    assert len(upkeep.calls) == 2


def test_expired_code_is_deleted_by_a_service_that_receives_requests(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "INTERVAL", 0.0)
    monkeypatch.setattr(delivery, "POLL", 0.05)
    settings = Settings(database=database_url, master_key="A" * 43, workers=1)
    prepare(settings)
    with opened_stores(settings) as stores:
        app = create_app(settings, stores=stores)
        codes = [keep_code(stores, made) for made in (0.0, time.time())]
        app.test_client().get("/healthz")
        until(lambda: not is_kept(stores, codes[0]))
        assert is_kept(stores, codes[1])
        with app.app_context():
            service_context().mailing.stop()
            service_context().mailing.join(TIMEOUT)


def keep_code(stores: Stores, made: float) -> str:
    user = new_user(f"ada{made}@example.com", "hash", made)
    _, code = new_code(user, VERIFY_EMAIL, user.email, made)
    stores.accounts.repositories.codes.put(code)
    return code.digest


def is_kept(stores: Stores, digest: str) -> bool:
    """Return whether a code is stored, expired or not."""
    return stores.accounts.repositories.codes.find(digest, VERIFY_EMAIL.name, 0.0) is not None


def until(condition: Callable[[], object]) -> None:
    give_up_at = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
