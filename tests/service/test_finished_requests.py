"""Finished requests are counted and logged in batches, outside of the request."""

import os
import threading
from collections.abc import Iterator

import pytest

from flask_watchword.extension.resources import Resources
from flask_watchword.service import finished_requests
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores
from flask_watchword.service.finished_requests import Batch, FinishedRequest, FinishedRequests
from tests.servers.valkey import wait_until

REQUEST = FinishedRequest("me", "GET", "/me", 200, 0.25, 1.5, "192.0.2.1", "a1", "user", "session")


class Sink:
    """Where batches end up."""

    def __init__(self) -> None:
        self.counted: list[FinishedRequest] = []
        self.written: list[FinishedRequest] = []
        self.lost = 0
        self.may_write = threading.Event()
        self.may_write.set()

    def write(self, batch: Batch, lost: int) -> None:
        self.may_write.wait(20)
        self.written += batch
        self.lost += lost


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def resources() -> Resources:
    return Resources()


@pytest.fixture
def finished(sink: Sink, resources: Resources) -> Iterator[FinishedRequests]:
    yield FinishedRequests(
        sink.counted.extend, sink.write, shares_metrics=True, resources=resources
    )
    sink.may_write.set()
    resources.close()


def test_requests_are_counted_and_written_without_another_request(
    finished: FinishedRequests, sink: Sink
) -> None:
    finished.add(REQUEST, is_logged=True)
    wait_until(lambda: (sink.counted, sink.written) == ([REQUEST], [REQUEST]))
    finished.add(REQUEST, is_logged=True)
    wait_until(lambda: len(sink.counted) == len(sink.written) == 2)


def test_requests_of_the_application_are_not_counted(
    finished: FinishedRequests, sink: Sink, resources: Resources
) -> None:
    other = FinishedRequest(None, "GET", "-", 404, 0.25, 1.5, "-", "a1")
    finished.add(other, is_logged=True)
    resources.close()
    assert (sink.counted, sink.written) == ([], [other])


def test_closing_processes_the_queue_and_ends_the_thread(
    finished: FinishedRequests, sink: Sink, resources: Resources
) -> None:
    for _ in range(50):
        finished.add(REQUEST, is_logged=True)
    resources.close()
    assert len(sink.counted) == len(sink.written) == 50
    assert not finished.is_running()


def test_log_whose_reader_has_stopped_blocks_neither_requests_nor_metrics(
    finished: FinishedRequests, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finished_requests, "_MAX_LINES", 5)
    sink.may_write.clear()
    finished.add(REQUEST, is_logged=True)
    wait_until(lambda: sink.counted == [REQUEST])
    for _ in range(20):
        finished.add(REQUEST, is_logged=True)
    finished.count()
    assert len(sink.counted) == 21
    sink.may_write.set()
    wait_until(lambda: len(sink.written) + sink.lost == 21)
    assert sink.lost == 15


def test_process_exit_does_not_wait_for_a_blocked_log(
    finished: FinishedRequests, sink: Sink
) -> None:
    sink.may_write.clear()
    finished.add(REQUEST, is_logged=True)
    wait_until(lambda: sink.counted == [REQUEST])
    finished.finish(seconds=0.01)
    assert sink.written == []


def test_failed_batch_does_not_end_the_thread(
    sink: Sink, resources: Resources, caplog: pytest.LogCaptureFixture
) -> None:
    faults = [OSError("disk full")]

    def count(batch: Batch) -> None:
        if faults:
            raise faults.pop()
        sink.counted.extend(batch)

    finished = FinishedRequests(count, sink.write, shares_metrics=True, resources=resources)
    finished.add(REQUEST, is_logged=False)
    wait_until(lambda: not faults)
    finished.add(REQUEST, is_logged=False)
    wait_until(lambda: sink.counted == [REQUEST])
    assert "could not be counted" in caplog.text
    resources.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_child_process_leaves_its_parents_requests_to_it(sink: Sink, resources: Resources) -> None:
    finished = FinishedRequests(
        sink.counted.extend, sink.write, shares_metrics=False, resources=resources
    )
    finished.add(REQUEST, is_logged=False)
    child = os.fork()
    if child == 0:
        finished.count()
        os._exit(len(sink.counted))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finished.count()
    assert sink.counted == [REQUEST]


def test_without_readers_in_other_processes_no_thread_is_started(
    sink: Sink, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finished_requests, "_MAX_UNCOUNTED", 3)
    finished = FinishedRequests(
        sink.counted.extend, sink.write, shares_metrics=False, resources=resources
    )
    for _ in range(4):
        finished.add(REQUEST, is_logged=False)
    assert not finished.is_running()
    assert len(sink.counted) == 3


def test_service_has_no_hooks_that_run_for_every_request(
    settings: Settings, stores: Stores
) -> None:
    app = create_app(settings, stores=stores)
    for hooks in (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs):
        assert not any(hooks.values())
