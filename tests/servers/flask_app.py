"""A Flask application behind a real port, inside the test process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from werkzeug.serving import make_server

from tests.servers.certificates import certificate_for

#: Seconds after which the server notices that it should stop.
_POLL_SECONDS = 0.05


@contextmanager
def served(app: Flask, folder: Path | None = None) -> Iterator[int]:
    """Serve an application and yield the port.

    Args:
        app: the application.
        folder: where a certificate is created; ``None`` serves without TLS.
    """
    tls = None if folder is None else certificate_for("localhost", folder)[0]
    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=tls)
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,))
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
