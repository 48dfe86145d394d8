"""A keyring whose keys change while the application runs, without failed requests."""
# jwt_required() is typed Any, as Flask-JWT-Extended's is.
# mypy: disable-error-code=untyped-decorator

import time
from collections.abc import Sequence
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric import ed25519
from flask import Flask

import flask_watchword
from flask_watchword.extension.state import AppState, state_of
from flask_watchword.jose import Key, encode

A, B = (Key.load(ed25519.Ed25519PrivateKey.generate(), "EdDSA", kid=kid) for kid in "ab")


class Source:
    """The keys of this process, and those in a store that have not been read yet."""

    def __init__(self) -> None:
        self.keys, self.stored = [A], [A]
        self.lookups: list[str] = []
        self.read = 0

    def signing_key(self) -> Key:
        return self.keys[-1]

    def verifying_keys(self) -> Sequence[Key]:
        self.read += 1
        return list(self.keys)

    def refresh(self, kid: str) -> bool:
        self.lookups.append(kid)
        changed = self.keys != self.stored
        self.keys = list(self.stored)
        return changed


def app_with(source: Source) -> tuple[Flask, AppState]:
    app = Flask("source")
    manager = flask_watchword.JWTManager(app)
    app.add_url_rule("/", "view", flask_watchword.jwt_required()(lambda: "seen"))
    app.add_url_rule("/cookie", "c", flask_watchword.jwt_required(locations="json")(lambda: "seen"))
    state = state_of(app)
    assert state.callbacks is manager
    state.key_provider = source
    return app, state


def status(app: Flask, token: str) -> int:
    return app.test_client().get("/", headers={"Authorization": f"Bearer {token}"}).status_code


def token_of(key: Key) -> str:
    return encode({"sub": "ada"}, key)


def test_tokens_are_signed_with_the_current_key_and_have_its_kid() -> None:
    source = Source()
    app, _ = app_with(source)
    for key in (A, B):
        source.keys = [key]
        with app.app_context():
            token = flask_watchword.create_access_token("ada", additional_headers={"kid": "x"})
        assert flask_watchword.get_unverified_jwt_headers(token)["kid"] == key.kid


def test_unknown_key_is_looked_up_and_its_token_accepted() -> None:
    source = Source()
    app, _ = app_with(source)
    assert status(app, token_of(A)) == 200
    source.stored = [A, B]
    assert [status(app, token_of(key)) for key in (B, B, A)] == [200] * 3
    assert source.lookups == ["b"]


def test_unknown_kid_in_every_location_is_looked_up() -> None:
    source = Source()
    app, _ = app_with(source)
    source.stored = [A, B]
    answer = app.test_client().get("/cookie", json={"access_token": token_of(B)})
    assert answer.status_code == 200


def test_flood_of_unknown_kids_reaches_only_the_key_source() -> None:
    source = Source()
    app, _ = app_with(source)
    assert status(app, token_of(A)) == 200
    read = source.read
    for number in range(20):
        assert status(app, token_of(A.with_kid(f"made-up-{number}"))) == 422
    assert source.lookups == [f"made-up-{number}" for number in range(20)], "one question each"
    assert source.read == read, "and no decoder made"


def test_token_with_a_known_kid_and_a_wrong_signature_causes_no_lookup() -> None:
    source = Source()
    app, _ = app_with(source)
    assert status(app, token_of(B.with_kid("a"))) == 422
    assert status(app, token_of(B.with_kid(None))) == 422
    assert source.lookups == []


def test_retired_key_verifies_no_more_without_a_notification() -> None:
    source = Source()
    app, state = app_with(source)
    app.add_url_rule("/old", "o", flask_watchword.jwt_expired_token_required()(lambda: "seen"))
    now = time.time()
    state.callbacks.clock = lambda: now
    source.keys = source.stored = [replace(A, ends_at=now + 60), B]
    remembered, new, expired = (
        encode({"sub": "ada", "exp": exp}, A) for exp in (now + 3600, now + 7200, now - 1)
    )

    def statuses() -> list[int]:
        headers = {"Authorization": f"Bearer {expired}"}
        old = app.test_client().get("/old", headers=headers).status_code
        return [status(app, remembered), status(app, token_of(B)), old]

    assert statuses() == [200, 200, 200]
    now += 59
    assert statuses() == [200, 200, 200]
    now += 1
    assert statuses() == [422, 200, 422]
    assert status(app, new) == 422


def test_changed_keys_invalidate_the_cached_tokens() -> None:
    source = Source()
    app, state = app_with(source)
    token = token_of(A)
    assert status(app, token) == 200
    source.keys = source.stored = [B]
    assert status(app, token) == 200, "it was not said yet that the keys have changed"
    state.keys_changed()
    assert status(app, token) == 422
    assert status(app, token_of(B)) == 200


def test_keys_are_read_once_for_many_requests() -> None:
    source = Source()
    app, _ = app_with(source)
    for _ in range(5):
        assert status(app, token_of(A)) == 200
    assert source.read == 1


def test_key_loaders_override_the_source() -> None:
    source = Source()
    app, _ = app_with(source)
    secret = "s" * 32
    app.extensions["flask-jwt-extended"].encode_key_loader(lambda identity: secret)
    app.extensions["flask-jwt-extended"].decode_key_loader(lambda header, claims: secret)
    app.config["JWT_ALGORITHM"] = "HS256"
    with app.app_context():
        token = flask_watchword.create_access_token("ada")
    assert status(app, token) == 200
    assert status(app, token_of(A)) == 422
    assert (source.read, source.lookups) == (0, [])
