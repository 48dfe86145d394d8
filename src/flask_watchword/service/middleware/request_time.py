"""Measure the duration of a request, for the access log and the metrics."""

from time import perf_counter

from flask import Blueprint, Flask, request

_STARTED = "watchword.started"


def install_request_time(target: Flask | Blueprint) -> None:
    """Record the start time of each request, before any other processing.

    Args:
        target: an application; or a blueprint, whose requests then are the only ones timed. If the
            application is timed too, its start time is kept.
    """
    target.before_request(_start)


def request_seconds() -> float:
    """Return the seconds since the current request started; 0 if that was not recorded."""
    now = perf_counter()
    started: float = request.environ.get(_STARTED, now)
    return now - started


def _start() -> None:
    if _STARTED not in request.environ:
        request.environ[_STARTED] = perf_counter()
