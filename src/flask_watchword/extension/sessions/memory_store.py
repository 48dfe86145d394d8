"""Warn when several processes serve an application whose sessions are in memory.

Each process then has only its own sessions: a refresh or a logout fails in another process, and a
token that one process revokes stays valid in the others.
"""

import logging
import os

from flask import Flask, has_request_context, request

from flask_watchword.infra.factory import memory_process_mark
from flask_watchword.sessions.store import SessionStore

#: Environment variables for the number of workers: gunicorn, Heroku and others; granian.
_WORKER_COUNTS = ("WEB_CONCURRENCY", "GRANIAN_WORKERS")
_KEY = "flask-watchword-memory-store-reported"

REMEDY = (
    "set WATCHWORD_SESSION_STORE to sqlite:///sessions.db, postgresql://user@host/name or "
    "valkey://host:6379/0"
)

_logger = logging.getLogger("flask_watchword")


def report_other_processes(app: Flask, store: SessionStore) -> None:
    """Log a warning, once in each process, when several processes use sessions in memory.

    It detects servers that set ``wsgi.multiprocess`` (PEP 3333), as gunicorn and uWSGI do, and
    processes that were forked after the store was created. This is not a Python warning, because a
    warning that is turned into an error would fail a user's request.
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
    """Return the environment variable that configures several workers, and its value."""
    for name in _WORKER_COUNTS:
        text = os.environ.get(name, "")
        if text.isdecimal() and int(text) > 1:
            return name, int(text)
    return None
