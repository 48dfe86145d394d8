"""How long a request has taken."""

import logging

import pytest

from flask_watchword.service.middleware import request_layer
from tests.service.test_metrics import figures
from tests.service.under_test import ServiceUnderTest


def test_log_line_and_metrics_measure_from_the_same_start(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # It begins at 100, and everything after is at 103.5.
    moments = iter([100.0])
    monkeypatch.setattr(request_layer, "perf_counter", lambda: next(moments, 103.5))
    with caplog.at_level(logging.INFO, "flask_watchword.requests"):
        service.client.get("/healthz")
    (line,) = (record for record in caplog.records if record.name == "flask_watchword.requests")
    assert line.fields["milliseconds"] == 3_500.0  # type: ignore[attr-defined]
    found = figures(service.client.get("/metrics").text)
    assert found["watchword_request_seconds_sum endpoint=healthz"] == 3.5


def test_request_without_an_endpoint_is_timed_in_its_log_line(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    moments = iter([100.0])
    monkeypatch.setattr(request_layer, "perf_counter", lambda: next(moments, 101.0))
    with caplog.at_level(logging.INFO, "flask_watchword.requests"):
        assert service.client.get("/nowhere").status_code == 404
    assert caplog.records[-1].fields["milliseconds"] == 1_000.0  # type: ignore[attr-defined]
