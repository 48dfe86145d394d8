"""An application with a manager, and requests with a token."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_watchword import JWTManager
from tests.extension.minted_tokens import mint
from tests.extension.signing_keys import HMAC_SECRET

Get = Callable[..., TestResponse]


@pytest.fixture
def app() -> Flask:
    app = Flask("extension")
    app.testing = True
    app.config["JWT_SECRET_KEY"] = HMAC_SECRET
    return app


@pytest.fixture
def manager(app: Flask) -> JWTManager:
    return JWTManager(app)


@pytest.fixture
def get(app: Flask) -> Get:
    """Request a path with a token of the given claims, or without one for `token=None`."""

    def ask(path: str = "/", **claims: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {mint('HS256', **claims)}"}
        if "token" in claims:
            headers = {}
        return app.test_client().get(path, headers=headers)

    return ask
