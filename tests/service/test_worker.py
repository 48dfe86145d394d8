"""Background work of a serving process."""

from dataclasses import replace

import pytest

from flask_watchword.accounts import passwords
from flask_watchword.extension.state import state_of
from flask_watchword.service.app import create_worker
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import service_context
from flask_watchword.service.stores import prepare


def test_worker_limits_its_share_of_the_cores(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "usable_cores", lambda: 16)
    prepare(settings)
    worker = create_worker(replace(settings, workers=8))
    with worker.app_context():
        parts = service_context()
    try:
        assert parts.passwords._cores()._value == 4
    finally:
        parts.mailing.stop()
        feed = state_of(worker).revocations
        assert feed is not None
        feed.close()
