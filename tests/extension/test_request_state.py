"""The token of a request is visible in all of that request, and in no other."""
# jwt_required() is typed Any, as Flask-JWT-Extended's is.
# mypy: disable-error-code=untyped-decorator

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from flask import (
    Flask,
    Response,
    copy_current_request_context,
    g,
    jsonify,
    render_template_string,
    stream_with_context,
)
from flask.testing import FlaskClient

from flask_watchword import (
    JWTManager,
    create_access_token,
    current_user,
    get_current_user,
    get_jwt,
    get_jwt_header,
    get_jwt_identity,
    get_jwt_request_location,
    jwt_required,
    verify_jwt_in_request,
)
from tests.extension.signing_keys import HMAC_SECRET

PAGE = "user: {{ current_user }}"


def seen() -> Any:
    """Return what a view sees of a token, ``None`` for none."""
    try:
        return get_jwt_identity()
    except RuntimeError:
        return "never verified"


def build_app() -> Flask:
    app = Flask("state")
    app.config["JWT_SECRET_KEY"] = HMAC_SECRET
    manager = JWTManager(app, add_context_processor=True)
    manager.user_lookup_loader(lambda _header, claims: claims["sub"].title())

    @app.route("/protected", methods=["GET", "OPTIONS"])
    @jwt_required()
    def protected() -> Any:
        return jsonify(seen())

    @app.get("/public")
    def public() -> Any:
        return jsonify(seen())

    return app


def bearer(app: Flask, identity: str) -> dict[str, str]:
    with app.app_context():
        return {"Authorization": f"Bearer {create_access_token(identity)}"}


@pytest.fixture
def app() -> Flask:
    return build_app()


@pytest.fixture(params=["inside", "outside"])
def client(app: Flask, request: pytest.FixtureRequest) -> Iterator[FlaskClient]:
    """A client inside an application context, as in many tests, or outside one."""
    if request.param == "outside":
        yield app.test_client()
        return
    with app.app_context():
        yield app.test_client()


@pytest.mark.parametrize(("method", "path"), [("OPTIONS", "/protected"), ("GET", "/public")])
def test_next_request_does_not_see_the_previous_token(
    app: Flask, client: FlaskClient, method: str, path: str
) -> None:
    assert client.get("/protected", headers=bearer(app, "alice")).json == "alice"
    expected = None if method == "OPTIONS" else "never verified"
    assert client.open(path, method=method).json == expected


def test_requests_of_a_client_that_keeps_its_context_are_separate(app: Flask) -> None:
    with app.app_context(), app.test_client() as client:
        client.get("/protected", headers=bearer(app, "alice"))
        assert get_jwt_identity() == "alice"
        client.get("/public")
        assert seen() == "never verified"
    with app.app_context():
        assert seen() == "never verified"


def test_nested_request_sees_its_own_token(app: Flask, client: FlaskClient) -> None:
    @app.get("/outer")
    @jwt_required()
    def outer() -> Any:
        inner = app.test_client()
        answers = [
            inner.get("/public").json,
            inner.get("/protected", headers=bearer(app, "bob")).json,
        ]
        return jsonify([*answers, seen()])

    answer = client.get("/outer", headers=bearer(app, "alice"))
    assert answer.json == ["never verified", "bob", "alice"]


def test_another_application_does_not_see_the_token(app: Flask, client: FlaskClient) -> None:
    other = build_app()
    other.config["JWT_SECRET_KEY"] = HMAC_SECRET[::-1]

    @app.get("/both")
    @jwt_required()
    def both() -> Any:
        with other.app_context():
            within = seen()
            with pytest.raises(Exception, match="Signature verification failed"):
                verify_jwt_in_request()
        return jsonify([within, seen()])

    answer = client.get("/both", headers=bearer(app, "alice"))
    assert answer.json == ["never verified", "alice"]


def test_nested_application_context_sees_the_token_of_its_request(
    app: Flask, client: FlaskClient
) -> None:
    @app.get("/nested")
    @jwt_required()
    def nested() -> Any:
        with app.app_context():
            return jsonify(seen())

    assert client.get("/nested", headers=bearer(app, "alice")).json == "alice"


def test_thread_with_a_copy_of_the_request_context_sees_its_token(
    app: Flask, client: FlaskClient
) -> None:
    @app.get("/thread")
    @jwt_required()
    def thread() -> Any:
        found: list[Any] = []

        @copy_current_request_context
        def work() -> None:
            found.extend(
                [
                    get_jwt_identity(),
                    get_jwt()["sub"],
                    get_jwt_header()["alg"],
                    get_jwt_request_location(),
                    str(current_user),
                ]
            )

        worker = Thread(target=work)
        worker.start()
        worker.join()
        return jsonify(found)

    answer = client.get("/thread", headers=bearer(app, "alice"))
    assert answer.json == ["alice", "alice", "HS256", "headers", "Alice"]


def test_streamed_response_sees_its_token_during_other_requests(
    app: Flask, client: FlaskClient
) -> None:
    @app.get("/stream")
    @jwt_required()
    def stream() -> Response:
        def parts() -> Iterator[str]:
            yield "first "
            yield str(get_jwt_identity())

        return Response(stream_with_context(parts()))

    streamed = client.get("/stream", headers=bearer(app, "alice"), buffered=False)
    assert app.test_client().get("/protected", headers=bearer(app, "bob")).json == "bob"
    assert streamed.get_data(as_text=True) == "first alice"
    streamed.close()
    assert client.get("/public").json == "never verified"


def test_teardown_function_still_sees_the_token(app: Flask, client: FlaskClient) -> None:
    found: list[Any] = []
    app.teardown_request(lambda _error: found.append(seen()))
    client.get("/protected", headers=bearer(app, "alice"))
    client.get("/public")
    assert found == ["alice", "never verified"]


def test_no_part_of_the_token_is_on_g(app: Flask, client: FlaskClient) -> None:
    @app.get("/g")
    @jwt_required()
    def names() -> Any:
        return jsonify(list(g))

    assert client.get("/g", headers=bearer(app, "alice")).json == []


def test_template_of_an_unprotected_view_has_no_user(app: Flask, client: FlaskClient) -> None:
    app.add_url_rule("/page", view_func=lambda: render_template_string(PAGE))
    assert client.get("/page").text == "user: None"


def test_template_outside_a_request_has_no_user(app: Flask) -> None:
    with app.app_context():
        assert render_template_string(PAGE) == "user: None"


def test_template_of_a_protected_view_has_its_user(app: Flask, client: FlaskClient) -> None:
    app.add_url_rule("/page", view_func=jwt_required()(lambda: render_template_string(PAGE)))
    assert client.get("/page", headers=bearer(app, "alice")).text == "user: Alice"


@pytest.mark.parametrize("asked_for", [get_jwt_identity, get_current_user])
@pytest.mark.parametrize("place", ["error handler", "after_request", "template"])
@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/nowhere", {}, 404),
        ("DELETE", "/protected", {}, 405),
        ("GET", "/protected", {}, 401),
        ("GET", "/protected", {"Authorization": "Bearer no.to.ken"}, 422),
        ("OPTIONS", "/public", {}, 200),
    ],
)
def test_invalid_request_has_no_user_and_is_not_a_500(
    app: Flask,
    client: FlaskClient,
    asked_for: Any,
    place: str,
    method: str,
    path: str,
    headers: dict[str, str],
    status: int,
) -> None:
    found: list[Any] = []

    def answer(error: Any) -> Any:
        if place == "template":
            app.jinja_env.globals["asked_for"] = asked_for
            found.append(render_template_string("{{ asked_for() }}{{ current_user }}"))
        else:
            found.append(asked_for())
        return "", error.code

    if place == "after_request":
        app.after_request(lambda response: found.append(asked_for()) or response)  # type: ignore[func-returns-value]
    else:
        for code in (404, 405):
            app.register_error_handler(code, answer)
    response = client.open(path, method=method, headers=headers)
    assert response.status_code == status
    assert all(each in (None, "NoneNone") for each in found)
    assert found or status in (401, 422, 200)


def test_rejected_token_does_not_hide_one_accepted_earlier(app: Flask, client: FlaskClient) -> None:
    @app.get("/twice")
    @jwt_required()
    def twice() -> Any:
        with pytest.raises(Exception, match="Fresh token required"):
            verify_jwt_in_request(fresh=True)
        return jsonify(seen())

    assert client.get("/twice", headers=bearer(app, "alice")).json == "alice"


def test_view_without_verification_gets_an_error_with_a_remedy(app: Flask) -> None:
    for context in (app.test_request_context("/nowhere"), app.test_request_context("/public")):
        with context:
            for ask in (get_jwt, get_jwt_header, get_jwt_identity, get_current_user):
                with pytest.raises(RuntimeError, match="You must call `@jwt_required"):
                    ask()
            assert get_jwt_request_location() is None


def test_call_outside_a_request_gets_an_error_with_a_remedy(app: Flask) -> None:
    with pytest.raises(RuntimeError):
        get_jwt_identity()
    with app.app_context(), pytest.raises(RuntimeError, match="You must call `@jwt_required"):
        get_jwt()
