"""Watchword's JWK Set on a server, and an application that verifies tokens of other libraries."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_watchword import JWTManager, get_jwt, jwt_required
from tests.infra.http.site import Site, running
from tests.interop.ours import JWK_SET, SECRET


class Verifying:
    """Verifies tokens of another library as those of an issuer, or with a shared secret."""

    def __init__(self, site: Site, path: str) -> None:
        self.issuer = site.url(path)
        self._site = site
        self._path = path

    def publish(self, jwks: list[dict[str, Any]]) -> None:
        self._site.serves(f"{self._path}/jwks", {"keys": jwks})

    def get(self, token: str, algorithm: str) -> TestResponse:
        app = Flask("verifying")
        app.config.update(JWT_SECRET_KEY=SECRET)
        if algorithm.startswith("HS"):
            app.config.update(JWT_ALGORITHM=algorithm, JWT_DECODE_ISSUER=self.issuer)
        else:
            keys = self._site.url(f"{self._path}/jwks")
            members = {"jwks_url": keys, "audience": None, "algorithms": [algorithm]}
            app.config["JWT_ISSUERS"] = {self.issuer: members}
        JWTManager(app)
        app.add_url_rule("/", "claims", jwt_required()(get_jwt))
        return app.test_client().get("/", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running() as site:
        site.serves("/ours/jwks", JWK_SET)
        yield site
