"""The lowest cost of a login: a bare Flask view that verifies one hash.

Served as `watchword serve` does: `python -m bench.hash_server PORT`.
"""

import os
import sys
from typing import Any

from flask import Flask, request

#: The verified hash, with the parameters of the service; the password is in the request.
HASH_VARIABLE = "WATCHWORD_BENCH_HASH"
#: Concurrent hashes in each worker, as many as in the service.
_THREADS = 2


def application() -> Flask:
    """Return the application."""
    from flask_watchword.accounts.passwords import Passwords

    app = Flask("bench")
    verify, known = Passwords().verify, os.environ[HASH_VARIABLE]

    @app.get("/healthz")
    def healthz() -> str:
        return ""

    @app.post("/login")
    def login() -> dict[str, Any] | tuple[str, int]:
        if not verify(known, request.get_json()["password"]):
            return "", 401
        return {"access_token": ""}

    return app


def _serve(port: str) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    server = Granian(
        "bench.hash_server",
        address="127.0.0.1",
        port=int(port),
        interface=Interfaces.WSGI,
        workers=len(os.sched_getaffinity(0)),
        blocking_threads=_THREADS,
        log_level=LogLevels.error,
    )
    server.serve(target_loader=application, wrap_loader=False)


if __name__ == "__main__":
    _serve(sys.argv[1])
