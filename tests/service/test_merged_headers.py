import logging
from dataclasses import replace

import pytest

from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores


@pytest.mark.parametrize(
    ("server", "proxies", "warned"),
    [
        ("Granian", 1, True),
        ("Cheroot/11.1.2 Server", 1, True),
        ("Granian", 0, False),
        ("gunicorn/27.0.1", 1, False),
        ("Watchword", 1, False),
    ],
)
def test_server_that_merges_header_spellings_causes_one_warning(
    settings: Settings,
    stores: Stores,
    caplog: pytest.LogCaptureFixture,
    server: str,
    proxies: int,
    warned: bool,
) -> None:
    caplog.set_level(logging.WARNING, "flask_watchword.service.middleware.request_layer")
    app = create_app(replace(settings, trusted_proxies=proxies), stores=stores)
    for _ in range(3):
        app.test_client().get("/healthz", environ_base={"SERVER_SOFTWARE": server})
    warnings = [record.getMessage() for record in caplog.records]
    assert [f"{server} passes X_Forwarded_For on" in line for line in warnings] == [True] * warned
