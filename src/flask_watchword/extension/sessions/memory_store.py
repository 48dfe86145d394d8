"""A warning where several processes serve an application whose sessions are in memory.

Each process then knows its own sessions only: a refresh or a logout that another process answers
fails, and a token that one process revokes stays valid in the others.
"""

import logging
import os

from flask import Flask, has_request_context, request

from flask_watchword.infra.factory import memory_process_mark
from flask_watchword.sessions.store import SessionStore

#: What a process manager says of the number of workers: of gunicorn, Heroku and others, of granian.
_WORKER_COUNTS = ("WEB_CONCURRENCY", "GRANIAN_WORKERS")
_KEY = "flask-watchword-memory-store-reported"

REMEDY = (
    "set WATCHWORD_SESSION_STORE to sqlite:///sessions.db, postgresql://user@host/name or "
    "valkey://host:6379/0"
)

_logger = logging.getLogger("flask_watchword")


def report_other_processes(app: Flask, store: SessionStore) -> None:
    """Log, once in each process, that sessions in memory are used by several processes.

    Detected are servers that say so (``wsgi.multiprocess``, PEP 3333), as gunicorn and uWSGI do,
    and processes that were forked after the store was made. It is logged and not a Python warning,
    because a warning that is an error would fail the request of a user.
    """
    mark = memory_process_mark(store)
    if mark is None or app.extensions.get(_KEY) == os.getpid():
        return
    if mark.has_other() or (has_request_context() and request.is_multiprocess):
        app.extensions[_KEY] = os.getpid()
        _logger.warning(
            "WATCHWORD_SESSION_STORE is memory://, but several processes serve this application: "
            "logins are lost at random, and revoked tokens stay valid; %s",
            REMEDY,
        )


def configured_workers() -> tuple[str, int] | None:
    """Return the variable by which the environment asks for several workers, and how many."""
    for name in _WORKER_COUNTS:
        text = os.environ.get(name, "")
        if text.isdecimal() and int(text) > 1:
            return name, int(text)
    return None
