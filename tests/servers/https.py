"""A Flask application over TLS, inside the test process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from werkzeug.serving import make_server

from tests.servers.certificates import certificate_for


@contextmanager
def served_over_tls(app: Flask, folder: Path) -> Iterator[int]:
    """Serve an application and lend the port.

    Args:
        app: the application.
        folder: where the certificate is put.
    """
    tls, _ = certificate_for("localhost", folder)
    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=tls)
    thread = threading.Thread(
        target=server.serve_forever, args=(0.05,)
    )  # seconds until it sees its end
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
