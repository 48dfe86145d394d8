"""Background work of a serving process."""

import pickle
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial

import pytest
from flask import Flask

from flask_watchword.accounts import passwords
from flask_watchword.cli.serving.reload import ReloadableSettings
from flask_watchword.clock import system_clock
from flask_watchword.extension.resources import resources_of
from flask_watchword.extension.sessions.session_context import revocation_feed
from flask_watchword.infra.factory import open_session_store
from flask_watchword.service.app import create_app, create_worker
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import service_context
from flask_watchword.service.stores import prepare
from flask_watchword.sessions.revocation import Revocation, RevocationKind


def test_worker_limits_its_share_of_the_cores(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "usable_cores", lambda: 16)
    prepare(settings)
    with serving(create_worker(replace(settings, workers=8))) as worker, worker.app_context():
        assert service_context().passwords._cores()._value == 4


@contextmanager
def serving(worker: Flask) -> Iterator[Flask]:
    """Stop the threads of a worker in the end."""
    try:
        yield worker
    finally:
        with worker.app_context():
            service_context().mailing.stop()
        worker.extensions["watchword"].close()
        resources_of(worker).close()


def revoke(settings: Settings, session_id: str) -> None:
    """Revoke a session, as another process does."""
    now = system_clock()
    with closing(open_session_store(settings.database, upgrade=False)) as store:
        store.revoke(Revocation(RevocationKind.SESSION, session_id, now, now + 900))


def known_by(worker: Flask, *session_ids: str) -> list[bool]:
    """Return the sessions that a worker knows to be revoked, without a query to its store."""
    index = revocation_feed(worker)._index
    return [index.revokes({"sid": one}) for one in session_ids]


def test_worker_knows_the_revocations_before_its_first_request(settings: Settings) -> None:
    prepare(settings)
    revoke(settings, "one")
    with serving(create_worker(settings)) as worker:
        assert known_by(worker, "one", "other") == [True, False]


def test_workers_get_what_the_main_process_has_read_and_read_the_rest(settings: Settings) -> None:
    server = ReloadableSettings(lambda: settings)
    prepare(settings)
    revoke(settings, "one")
    server.prepare_stores()
    with closing(open_session_store(settings.database, upgrade=False)) as store:
        while store.purge(system_clock() + 1_800, 100):  # the worker cannot read it again
            pass
    revoke(settings, "two")
    with serving(server.create_worker()) as worker:
        assert known_by(worker, "one", "two", "other") == [True, True, False]


def test_spawned_worker_reads_the_revocations_itself(settings: Settings) -> None:
    server = ReloadableSettings(partial(identity, settings))
    server.prepare_stores()
    revoke(settings, "one")
    spawned = pickle.loads(pickle.dumps(server))  # noqa: S301 - our own
    assert spawned._revocations is None
    with serving(spawned.create_worker()) as worker:
        assert known_by(worker, "one") == [True]


def test_reload_reads_the_revocations_again(settings: Settings) -> None:
    server = ReloadableSettings(lambda: settings)
    server.prepare_stores()
    revoke(settings, "one")
    server.reload()
    assert server._revocations is not None
    assert server._revocations.index.revokes({"sid": "one"})


def test_worker_starts_without_its_session_store(settings: Settings) -> None:
    prepare(settings)
    elsewhere = replace(settings, session_store="valkey://127.0.0.1:1/0")
    with serving(create_worker(elsewhere)) as worker:
        assert worker.test_client().get("/readyz").status_code == 503


def test_process_is_ready_when_it_has_read_the_revocations(settings: Settings) -> None:
    prepare(settings)
    revoke(settings, "one")
    with serving(create_app(settings)) as app:
        assert known_by(app, "one") == [False]
        assert app.test_client().get("/readyz").status_code == 200
        assert known_by(app, "one") == [True]


def identity(settings: Settings) -> Settings:
    """Return the settings: a function that can be pickled."""
    return settings
