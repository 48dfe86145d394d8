"""The four names on ``g`` are those of the current request: pytest runs it under the drop-in."""
# jwt_required() is typed Any, as Flask-JWT-Extended's is.
# mypy: disable-error-code=untyped-decorator

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from flask import Flask, copy_current_request_context, g, jsonify
from flask.ctx import _AppCtxGlobals
from flask.testing import FlaskClient
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    get_current_user,
    get_jwt,
    get_jwt_identity,
    jwt_required,
)

import flask_watchword

NAMES = [
    "_jwt_extended_jwt",
    "_jwt_extended_jwt_header",
    "_jwt_extended_jwt_location",
    "_jwt_extended_jwt_user",
]


def build_app(globals_class: type[_AppCtxGlobals] = _AppCtxGlobals) -> Flask:
    app = Flask("app")
    app.app_ctx_globals_class = globals_class
    app.config["JWT_SECRET_KEY"] = "a secret of more than thirty-two bytes"
    manager = JWTManager(app)
    manager.user_lookup_loader(lambda _header, claims: claims["sub"].title())

    @app.route("/protected", methods=["GET", "OPTIONS"])
    @jwt_required()
    def protected() -> Any:
        return jsonify(seen())

    @app.get("/public")
    def public() -> Any:
        return jsonify(seen())

    return app


def seen() -> list[Any]:
    try:
        identity = get_jwt_identity()
    except RuntimeError:
        identity = "never verified"
    return [identity, (g.get(NAMES[0]) or {}).get("sub"), *(name in g for name in NAMES)]


def bearer(app: Flask, identity: str) -> dict[str, str]:
    with app.app_context():
        return {"Authorization": f"Bearer {create_access_token(identity)}"}


SEEN_NOTHING = ["never verified", None, False, False, False, False]


class OwnGlobals(_AppCtxGlobals):
    """An application may have a class of its own for ``g``."""

    kind = "own"


@pytest.fixture(params=[_AppCtxGlobals, OwnGlobals])
def app(request: pytest.FixtureRequest) -> Flask:
    return build_app(request.param)


@pytest.fixture(params=["inside", "outside"])
def client(app: Flask, request: pytest.FixtureRequest) -> Iterator[FlaskClient]:
    if request.param == "outside":
        yield app.test_client()
        return
    with app.app_context():
        yield app.test_client()


def test_next_request_does_not_see_the_previous_token(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/protected", headers=bearer(app, "alice"))
    assert answer.json == ["alice", "alice", True, True, True, True]
    assert client.get("/public").json == SEEN_NOTHING
    assert client.options("/protected").json == [None, *SEEN_NOTHING[1:]]


def test_values_written_by_one_request_are_not_seen_by_the_next(
    app: Flask, client: FlaskClient
) -> None:
    @app.get("/written")
    def written() -> Any:
        g._jwt_extended_jwt = {"sub": "tester"}
        return jsonify(get_jwt_identity())

    assert client.get("/written").json == "tester"
    assert client.get("/public").json == SEEN_NOTHING


def test_nested_request_has_its_own_names(app: Flask, client: FlaskClient) -> None:
    @app.get("/outer")
    @jwt_required()
    def outer() -> Any:
        inner = app.test_client()
        answers = [
            inner.get("/public").json,
            inner.get("/protected", headers=bearer(app, "bob")).json,
        ]
        return jsonify([*answers, seen()])

    public, protected, own = client.get("/outer", headers=bearer(app, "alice")).json or []
    assert public == SEEN_NOTHING
    assert protected[:2] == ["bob", "bob"]
    assert own[:2] == ["alice", "alice"]


def test_thread_with_a_copy_of_the_request_context_sees_its_token(
    app: Flask, client: FlaskClient
) -> None:
    @app.get("/thread")
    @jwt_required()
    def thread() -> Any:
        found: list[Any] = []

        @copy_current_request_context
        def work() -> None:
            found.extend([get_jwt()["sub"], get_current_user(), *seen()])

        worker = Thread(target=work)
        worker.start()
        worker.join()
        return jsonify(found)

    answer = client.get("/thread", headers=bearer(app, "alice"))
    assert answer.json == ["alice", "Alice", "alice", "alice", True, True, True, True]


def test_values_set_by_a_test_outside_a_request_are_seen_inside(app: Flask) -> None:
    with app.app_context():
        g._jwt_extended_jwt = {"sub": "tester"}
        assert app.test_client().get("/public").json == [
            "tester",
            "tester",
            True,
            False,
            False,
            False,
        ]
        answer = app.test_client().get("/protected", headers=bearer(app, "alice"))
        assert (answer.json or [])[:2] == ["alice", "alice"]
        assert g._jwt_extended_jwt == {"sub": "tester"}


def test_names_can_be_removed(app: Flask, client: FlaskClient) -> None:
    @app.get("/removed")
    @jwt_required()
    def removed() -> Any:
        del g._jwt_extended_jwt_user
        g.pop("_jwt_extended_jwt_header")
        with pytest.raises(AttributeError):
            _ = g._jwt_extended_jwt_user
        with pytest.raises(AttributeError):
            del g._jwt_extended_jwt_user
        with pytest.raises(KeyError):
            g.pop("_jwt_extended_jwt_header")
        assert g.pop("_jwt_extended_jwt_header", "none") == "none"
        assert g.setdefault("_jwt_extended_jwt_user", {"loaded_user": "Bob"}) == {
            "loaded_user": "Bob"
        }
        return jsonify(get_current_user())

    assert client.get("/removed", headers=bearer(app, "alice")).json == "Bob"


def test_other_names_are_unchanged(app: Flask) -> None:
    with app.test_request_context():
        g.own = 1
        assert (g.own, g.get("own"), "own" in g, list(g)) == (1, 1, True, ["own"])
        assert g.setdefault("own", 2) == 1
        del g.own
        with pytest.raises(AttributeError):
            _ = g.own
        with pytest.raises(AttributeError):
            del g.own
        with pytest.raises(KeyError):
            g.pop("own")
        assert g.pop("own", "none") == "none"


def test_rejected_token_leaves_no_names(app: Flask, client: FlaskClient) -> None:
    found: list[Any] = []

    def note(response: Any) -> Any:
        found.append(get_jwt_identity())
        return response

    app.after_request(note)
    headers = {"Authorization": "Bearer no.to.ken"}
    assert client.get("/protected", headers=headers).status_code == 422
    assert client.get("/nowhere").status_code == 404
    assert found == [None, None]


def test_application_context_older_than_the_manager_shows_no_other_token() -> None:
    app = Flask("late")
    app.config["JWT_SECRET_KEY"] = "a secret of more than thirty-two bytes"
    with app.app_context():
        JWTManager(app)
        view = jwt_required()(lambda: jsonify(get_jwt_identity()))
        app.add_url_rule("/protected", view_func=view, endpoint="protected")
        app.add_url_rule("/public", view_func=lambda: jsonify(seen()), endpoint="public")
        client = app.test_client()
        assert client.get("/protected", headers=bearer(app, "alice")).json == "alice"
        assert client.get("/public").json == SEEN_NOTHING


def test_both_names_of_the_package_see_the_same(app: Flask, client: FlaskClient) -> None:
    @app.get("/theirs")
    @flask_watchword.jwt_required()
    def theirs() -> Any:
        return jsonify([get_jwt_identity(), flask_watchword.get_jwt_identity()])

    assert client.get("/theirs", headers=bearer(app, "alice")).json == ["alice", "alice"]
    assert client.get("/public").json == SEEN_NOTHING
