"""Metrics for Prometheus: requests, sessions and revocations.

Each worker has its own counters. If ``PROMETHEUS_MULTIPROC_DIR`` is set before this module is
imported, as ``watchword serve`` does, each worker keeps its counters in a file there, and every
worker responds with the sum over all of them, including those that have ended.
"""

import os
from collections import Counter as Tally
from collections.abc import Callable
from functools import cache
from pathlib import Path

from flask import Flask
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from flask_watchword.extension.sessions.revocation_feed import RevocationMetrics
from flask_watchword.extension.sessions.signals import (
    refresh_reused,
    session_ended,
    session_refreshed,
    session_started,
)
from flask_watchword.service.ended_workers import delete_gauges_of_ended_processes
from flask_watchword.service.finished_requests import Batch
from flask_watchword.sessions.session import Session

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
#: Seconds: from requests without a database, over queries and hashes, to the longest waits.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


def are_metrics_shared() -> bool:
    """Tell whether other processes read the metrics of this one."""
    return _FOLDER in os.environ


class Metrics:
    """The counters of one application.

    Args:
        revocations: returns the state of the revocations in this process.
        waiting: returns the number of hashes that run or wait for a core.
    """

    def __init__(
        self, revocations: Callable[[], RevocationMetrics], waiting: Callable[[], int]
    ) -> None:
        self._revocations = revocations
        self._waiting = waiting
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "watchword_requests",
            "Requests answered, by endpoint, method and status.",
            ("endpoint", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "watchword_request_seconds",
            "How long answers took, by endpoint.",
            ("endpoint",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        # Looking up the labels takes longer than counting. They are few: endpoints, not paths.
        self._requests_with = cache(self._requests.labels)
        self._seconds_of = cache(self._seconds.labels)
        self._started = self._counter("sessions_started", "Sessions that began.")
        self._ended = Counter(
            "watchword_sessions_ended",
            "Sessions that were ended, by reason. Those that die of age are not counted.",
            ("reason",),
            registry=self._registry,
        )
        self._refreshes = self._counter("refreshes", "Refresh tokens that got the next pair.")
        self._repeated = self._counter(
            "refreshes_repeated", "Refresh tokens that got the same pair again, within the grace."
        )
        self._replays = self._counter("replays", "Spent refresh tokens that were used again.")
        self._staleness = self._gauge(
            "revocation_staleness_seconds",
            "How old the oldest copy of the revocations was when its worker last answered.",
        )
        self._entries = self._gauge("revocation_entries", "Revocations that a worker holds.")
        self._hashing = self._gauge(
            "hashes_waiting", "Password hashes at work or waiting for a core, in one worker."
        )

    def count_requests(self, batch: Batch) -> None:
        """Count finished requests, and set the gauges."""
        numbers = Tally((one.endpoint, one.method, one.status) for one in batch)
        for labels, number in numbers.items():
            self._requests_with(*labels).inc(number)
        for one in batch:
            self._seconds_of(one.endpoint).observe(one.seconds)
        known = self._revocations()
        self._staleness.set(known.staleness or 0.0)
        self._entries.set(known.entries)
        self._hashing.set(self._waiting())

    def count_sessions(self, app: Flask) -> None:
        """Count the events of the sessions of an application."""
        session_started.connect(self._session_started, app)
        session_ended.connect(self._session_ended, app)
        session_refreshed.connect(self._session_refreshed, app)
        refresh_reused.connect(self._refresh_reused, app)

    def text(self) -> bytes:
        """Return the metrics of all workers in the text format of Prometheus."""
        folder = os.environ.get(_FOLDER)
        if folder is None:
            return generate_latest(self._registry)
        delete_gauges_of_ended_processes(Path(folder))
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def _counter(self, name: str, about: str) -> Counter:
        return Counter(f"watchword_{name}", about, registry=self._registry)

    def _gauge(self, name: str, about: str) -> Gauge:
        # The highest value of all workers; those that have ended are left out.
        return Gauge(
            f"watchword_{name}", about, registry=self._registry, multiprocess_mode="livemax"
        )

    def _session_started(self, _app: Flask, session: Session) -> None:
        self._started.inc()

    def _session_ended(self, _app: Flask, session: Session) -> None:
        self._ended.labels(session.end_reason or "").inc()

    def _session_refreshed(self, _app: Flask, session: Session, repeated: bool) -> None:
        (self._repeated if repeated else self._refreshes).inc()

    def _refresh_reused(self, _app: Flask, session: Session) -> None:
        self._replays.inc()
