"""Responses while the key store is unavailable."""

from dataclasses import replace

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from flask import Flask
from flask.testing import FlaskClient

from flask_watchword import Watchword, get_jwt_identity, jwt_required
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.keys.store import StoredKeyring
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores, service_context
from flask_watchword.service.signing.signing_keys import key_manager
from tests.memory_stores.keys import MemoryKeyStore
from tests.service.conftest import PASSWORD, bearer


class FailingKeys(MemoryKeyStore):
    """A store that can be down."""

    is_down = False

    def version(self) -> int:
        self._answer()
        return super().version()

    def load(self) -> StoredKeyring:
        self._answer()
        return super().load()

    def _answer(self) -> None:
        if self.is_down:
            raise StoreUnavailable("down")


@pytest.fixture
def keys() -> FailingKeys:
    return FailingKeys()


@pytest.fixture
def app(settings: Settings, stores: Stores, keys: FailingKeys) -> Flask:
    app = Flask("host")
    Watchword(app, settings=settings, stores=replace(stores, keys=keys), url_prefix="/auth")

    @app.get("/mine")
    @jwt_required()
    def mine() -> str:
        return str(get_jwt_identity())

    return app


def log_in(client: FlaskClient) -> str:
    body = {"email": "ada@example.com", "password": PASSWORD}
    token: str = client.post("/auth/login", json=body).get_json()["access_token"]
    return token


def in_a_moment(app: Flask) -> None:
    """Make the worker read the store again at its next request."""
    with app.app_context():
        service_context().keys._loaded_at = float("-inf")


@pytest.mark.parametrize("path", ["/mine", "/auth/me"])
def test_known_keys_work_and_an_unknown_key_gets_503(
    app: Flask, keys: FailingKeys, settings: Settings, stores: Stores, path: str
) -> None:
    client = app.test_client()
    known = log_in(client)
    key_manager(settings, keys).rotate(at_once=True)
    other = Flask("another worker")
    Watchword(other, settings=settings, stores=replace(stores, keys=keys), url_prefix="/auth")
    new = log_in(other.test_client())
    keys.is_down = True
    in_a_moment(app)
    assert client.get(path, headers=bearer(known)).status_code == 200
    for _ in range(2):
        answer = client.get(path, headers=bearer(new))
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    keys.is_down = False
    in_a_moment(app)
    assert client.get(path, headers=bearer(new)).status_code == 200
    assert client.get(path, headers=bearer(known)).status_code == 200


def test_logins_and_the_jwk_set_work_while_the_store_is_down(app: Flask, keys: FailingKeys) -> None:
    client = app.test_client()
    log_in(client)
    keys.is_down = True
    in_a_moment(app)
    assert client.get("/mine", headers=bearer(log_in(client))).status_code == 200
    assert len(client.get("/auth/.well-known/jwks.json").get_json()["keys"]) == 1


def test_worker_without_keys_responds_with_503(app: Flask, keys: FailingKeys) -> None:
    keys.is_down = True
    client = app.test_client()
    body = {"email": "ada@example.com", "password": PASSWORD}
    for answer in (
        client.post("/auth/login", json=body),
        client.get("/auth/.well-known/jwks.json"),
    ):
        assert answer.status_code == 503
        assert answer.get_json()["code"] == "store_unavailable"


@pytest.mark.parametrize("path", ["/auth/logout", "/auth/refresh"])
def test_no_cookie_is_cleared_while_the_keys_cannot_be_read(
    app: Flask, keys: FailingKeys, path: str
) -> None:
    client = app.test_client()
    body = {"email": "ada@example.com", "password": PASSWORD, "transport": "cookie"}
    csrf = client.post("/auth/login", json=body).get_json()["csrf_token"]
    cookie = client.get_cookie("__Host-refresh_token")
    assert cookie is not None
    claims = jwt.decode(cookie.value, options={"verify_signature": False})
    key = ed25519.Ed25519PrivateKey.generate()
    unknown = jwt.encode(claims, key, "EdDSA", headers={"kid": "new", "typ": "rt+jwt"})
    client.set_cookie("__Host-refresh_token", unknown, secure=True, path="/")
    keys.is_down = True
    in_a_moment(app)
    answer = client.post(path, headers={"X-CSRF-TOKEN": csrf})
    assert (answer.status_code, answer.get_json()["code"]) == (503, "store_unavailable")
    assert "Set-Cookie" not in answer.headers
