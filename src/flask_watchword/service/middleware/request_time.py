"""How long a request has taken, told alike by its line in the log and by the figures."""

from time import perf_counter

from flask import Blueprint, Flask, request

_BEGAN = "watchword.began"


def install_request_time(target: Flask | Blueprint) -> None:
    """Note when a request begins, before anything else does with it.

    Args:
        target: an application; or a blueprint, whose requests are timed then and no others. In an
            application that is timed itself a request has begun already.
    """
    target.before_request(_begin)


def request_seconds() -> float:
    """Return the seconds since the current request began; 0 where nobody has noted it."""
    now = perf_counter()
    began: float = request.environ.get(_BEGAN, now)
    return now - began


def _begin() -> None:
    if _BEGAN not in request.environ:
        request.environ[_BEGAN] = perf_counter()
