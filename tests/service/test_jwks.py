from dataclasses import replace
from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_watchword import Watchword
from flask_watchword.jose.jwk_set import read_jwk_set
from flask_watchword.keys.manager import KeyManager
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores
from flask_watchword.service.signing.signing_keys import ensure_keys, key_manager
from tests.service.conftest import PASSWORD

PATH = "/.well-known/jwks.json"
PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
ALGORITHMS = ["EdDSA", "ES256", "RS256"]


@pytest.fixture
def manager(settings: Settings, stores: Stores) -> KeyManager:
    ensure_keys(settings, stores.keys)
    return key_manager(settings, stores.keys)


def names_in(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(names_in, value))
    if isinstance(value, dict):
        return set(value).union(*map(names_in, value.values()))
    return set()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("prefix", ["", "/auth"])
def test_jwk_set_verifies_the_tokens_and_has_no_private_members(
    settings: Settings, stores: Stores, algorithm: str, prefix: str
) -> None:
    app = Flask("host")
    Watchword(
        app, settings=replace(settings, key_algorithm=algorithm), stores=stores, url_prefix=prefix
    )
    client = app.test_client()
    login = client.post(f"{prefix}/login", json={"email": "ada@example.com", "password": PASSWORD})
    token = login.get_json()["access_token"]
    document = client.get(prefix + PATH).get_json()
    assert names_in(document) & PRIVATE_MEMBERS == set()
    (key,) = document["keys"]
    assert (key["alg"], key["use"]) == (algorithm, "sig")
    assert jwt.get_unverified_header(token)["kid"] == key["kid"]
    jwt.decode(token, jwt.PyJWK(key), algorithms=[algorithm], audience="watchword")
    assert [key.kid for key in read_jwk_set(document, [algorithm])] == [key["kid"]]


def test_jwk_set_with_keys_of_every_type_has_no_private_members(
    settings: Settings, stores: Stores, manager: KeyManager, client: FlaskClient
) -> None:
    for algorithm in ALGORITHMS:
        changed = replace(settings, key_algorithm=algorithm)
        key_manager(changed, stores.keys).rotate(at_once=True)
    document = client.get(PATH).get_json()
    assert sorted(key["kty"] for key in document["keys"]) == ["EC", "OKP", "OKP", "RSA"]
    assert names_in(document) & PRIVATE_MEMBERS == set()


def test_cached_jwk_set_expires_before_an_unlisted_key_signs(
    settings: Settings, stores: Stores
) -> None:
    for lead, age in ((3600, 300), (120, 119), (2, 1), (1, 0)):
        app = create_app(replace(settings, key_publish_seconds=lead), stores=stores)
        cache = app.test_client().get(PATH).headers["Cache-Control"]
        assert cache == f"public, max-age={age}"


def test_client_with_the_current_jwk_set_gets_304(client: FlaskClient) -> None:
    first = client.get(PATH)
    assert first.content_type == "application/jwk-set+json"
    again = client.get(PATH, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]


def test_rotation_changes_the_jwk_set_and_its_etag(
    settings: Settings, stores: Stores, manager: KeyManager, client: FlaskClient
) -> None:
    before = client.get(PATH)
    new = manager.rotate()
    fresh = create_app(settings, stores=stores).test_client()
    after = fresh.get(PATH, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert new in {key["kid"] for key in after.get_json()["keys"]}


def test_workers_respond_with_the_same_bytes(
    settings: Settings, stores: Stores, manager: KeyManager
) -> None:
    manager.rotate()
    workers = [create_app(settings, stores=stores).test_client() for _ in range(2)]
    assert len({worker.get(PATH).data for worker in workers}) == 1
    assert len({worker.get(PATH).headers["ETag"] for worker in workers}) == 1
