"""Detection of a decorator above ``@app.route``, which leaves the view unprotected."""

import gc
import linecache
import warnings
import weakref
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.views import MethodView
from flask_restx import Api as RestxApi
from flask_restx import Resource as RestxResource

import flask_watchword as fw
from flask_watchword import JWTManager, create_access_token, jwt_required, roles_required
from flask_watchword.exceptions import UnprotectedViewWarning
from flask_watchword.extension.checks import misplaced
from flask_watchword.extension.checks.misplaced import misplaced_decorators
from flask_watchword.extension.checks.routes import routes_of
from flask_watchword.extension.state import state_of

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def app(app: Flask) -> Flask:
    JWTManager(app)
    return app


@pytest.fixture
def headers(app: Flask) -> dict[str, str]:
    with app.app_context():
        return {"Authorization": f"Bearer {create_access_token('alice')}"}


def logged(view: Any) -> Any:
    @wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return wrapped


def found(app: Flask) -> dict[str | None, list[str]]:
    return {
        one.endpoint: [each.text for each in one.protections] for one in misplaced_decorators(app)
    }


def lines(action: Callable[[], object]) -> list[str]:
    """Return the lines that the warnings of an action point at."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        action()
    assert {one.category for one in seen} <= {UnprotectedViewWarning}
    return [linecache.getline(one.filename, one.lineno).strip() for one in seen]


DECORATORS: list[tuple[Decorator, str]] = [
    (jwt_required(), "jwt_required()"),
    (jwt_required(optional=True), "jwt_required(optional=True)"),
    (jwt_required, "jwt_required()"),
    (fw.jwt_expired_token_required, "jwt_expired_token_required()"),
    (fw.fresh_required, "fresh_required()"),
    (fw.fresh_required(max_age=60), "fresh_required(max_age=60)"),
    (fw.roles_required("admin"), "roles_required('admin')"),
    (fw.scopes_required("orders:read"), "scopes_required('orders:read')"),
    (fw.jwt_optional, "jwt_required(optional=True)"),
    (fw.fresh_jwt_required, "jwt_required(fresh=True)"),
    (fw.jwt_refresh_token_required, "jwt_required(refresh=True)"),
]


@pytest.mark.parametrize(("decorator", "text"), DECORATORS)
def test_every_decorator_above_the_route_is_detected(
    app: Flask, decorator: Decorator, text: str
) -> None:
    @decorator
    @app.get("/")
    def view() -> str:
        return "open"

    assert app.test_client().get("/").text == "open"
    assert found(app) == {"view": [text]}


@pytest.mark.parametrize(("decorator", "text"), DECORATORS)
def test_decorators_below_the_route_are_not_reported(
    app: Flask, decorator: Decorator, text: str
) -> None:
    @app.get("/")
    @decorator
    def view() -> str:
        return ""

    assert found(app) == {}


def test_all_decorators_above_the_route_are_named(app: Flask) -> None:
    @roles_required("admin")
    @jwt_required()
    @app.get("/")
    def view() -> str:
        return ""

    assert found(app) == {"view": ["roles_required('admin')", "jwt_required()"]}


def test_one_above_and_one_below_the_route_is_detected(app: Flask) -> None:
    @roles_required("admin")
    @app.get("/")
    @jwt_required()
    def view() -> str:
        return ""

    assert found(app) == {"view": ["roles_required('admin')"]}


def test_decorator_is_detected_through_those_of_the_application(app: Flask) -> None:
    @jwt_required()
    @app.get("/below")
    @logged
    def below() -> str:
        return ""

    @logged
    @jwt_required()
    @logged
    @app.get("/between")
    def between() -> str:
        return ""

    assert found(app) == {"below": ["jwt_required()"], "between": ["jwt_required()"]}


def test_view_wrapped_by_the_route_itself_is_detected(app: Flask) -> None:
    def route(path: str) -> Decorator:
        def register(view: Any) -> Any:
            app.add_url_rule(path, view_func=logged(view))
            return view

        return register

    @jwt_required()
    @route("/")
    def view() -> str:
        return ""

    assert found(app) == {"view": ["jwt_required()"]}


def test_coroutines_and_blueprints_are_checked(app: Flask) -> None:
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)

    @jwt_required()
    @inner.get("/")
    async def view() -> str:
        return ""

    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    assert found(app) == {"outer.inner.view": ["jwt_required()"]}


def test_function_that_runs_before_requests_is_checked(app: Flask) -> None:
    blueprint = Blueprint("orders", __name__)

    @jwt_required()
    @blueprint.before_request
    def check() -> None: ...

    @app.before_request
    @jwt_required(optional=True)
    def greet() -> None: ...

    app.register_blueprint(blueprint)
    assert found(app) == {None: ["jwt_required()"]}
    (one,) = misplaced_decorators(app)
    assert "'check', which runs before requests" in one.fault
    assert one.remedy == "put @app.before_request above @jwt_required()"


def test_classes_are_checked(app: Flask) -> None:
    class Orders(MethodView):
        def get(self) -> str:
            return ""

    class Guarded(MethodView):
        decorators = [jwt_required()]  # noqa: RUF012 - as it is written

        @roles_required("admin")
        def get(self) -> str:
            return ""

    late = Orders.as_view("late")
    app.add_url_rule("/late", view_func=late)
    jwt_required()(late)
    app.add_url_rule("/guarded", view_func=Guarded.as_view("guarded"))
    app.add_url_rule("/early", view_func=jwt_required()(Orders.as_view("early")))
    assert found(app) == {"late": ["jwt_required()"]}


def test_classes_of_a_rest_framework_are_checked(app: Flask) -> None:
    api = RestxApi(app, doc=False, add_specs=False)

    @jwt_required()
    @api.route("/open", endpoint="open")
    class Open(RestxResource):  # type: ignore[misc]
        def get(self) -> str:
            return ""

    @api.route("/closed", endpoint="closed")
    class Closed(RestxResource):  # type: ignore[misc]
        method_decorators = (roles_required("a"), jwt_required())

        @jwt_required()
        def get(self) -> str:
            return ""

    assert found(app) == {"open": ["jwt_required()"]}
    assert lines(lambda: app.test_client().get("/closed")) == ["def get(self) -> str:"]
    assert app.test_client().get("/open").status_code == 200


# Correct uses ------------------------------------------------------------------------------


def test_function_registered_both_ways_is_intentionally_public(app: Flask) -> None:
    def view() -> str:
        return ""

    app.add_url_rule("/open", "open", view)
    app.add_url_rule("/logged", "logged", logged(view))
    app.add_url_rule("/closed", "closed", jwt_required()(logged(view)))
    assert found(app) == {}


def test_view_replaced_by_its_decorated_form_is_protected(app: Flask) -> None:
    app.add_url_rule("/", "view", lambda: "")
    app.view_functions["view"] = jwt_required()(app.view_functions["view"])
    assert found(app) == {}


def test_function_public_in_one_application_may_be_protected_in_another(
    app: Flask,
) -> None:
    def view() -> str:
        return ""

    other = Flask("other")
    other.add_url_rule("/", "view", jwt_required()(view))
    assert found(other) == {}
    app.add_url_rule("/", "view", view)
    assert found(app) == {}


def test_decorated_function_that_is_not_a_view_is_not_checked(app: Flask) -> None:
    @jwt_required()
    def helper() -> str:
        return ""

    app.get("/")(lambda: helper())
    assert found(app) == {}


def test_callable_that_is_not_a_function_can_be_decorated_and_registered(app: Flask) -> None:
    class Odd:
        __hash__ = None  # type: ignore[assignment]
        __name__ = "view"

        def __call__(self) -> str:
            return ""

        def method(self) -> str:
            return ""

    view = Odd()
    app.add_url_rule("/", "view", view)
    app.add_url_rule("/method", "method", view.method)
    jwt_required()(view)
    jwt_required()(view.method)
    assert found(app) == {}
    assert app.test_client().get("/").status_code == 200


def test_no_object_is_kept_alive() -> None:
    gc.collect()
    before = len(misplaced._decorated)

    def view() -> str:
        return ""

    protected = jwt_required()(logged(view))
    references = [weakref.ref(view), weakref.ref(protected)]
    assert len(misplaced._decorated) == before + 2
    del view, protected
    gc.collect()
    assert [one() for one in references] == [None, None]
    assert len(misplaced._decorated) == before


def test_decorating_one_function_repeatedly_does_not_leak() -> None:
    def view() -> str:
        return ""

    for _ in range(3):
        jwt_required()(view)
        roles_required("a")(view)
    assert len(misplaced._decorated[view]) == 2


# Where it is reported ------------------------------------------------------------------------


@pytest.fixture
def mistaken(app: Flask) -> Flask:
    @jwt_required()
    @app.get("/open")
    def opened() -> str:
        return str(fw.get_jwt_identity())

    @app.get("/closed")
    @jwt_required()
    def closed() -> str:
        return ""

    @app.get("/expired")
    @fw.jwt_expired_token_required
    def expired() -> str:
        return ""

    @app.get("/inside")
    def inside() -> str:
        fw.verify_jwt_in_request()
        return ""

    return app


@pytest.mark.parametrize("path", ["/closed", "/expired", "/inside"])
def test_first_verification_warns_once_at_the_views_first_line(
    mistaken: Flask, headers: dict[str, str], path: str
) -> None:
    client = mistaken.test_client()
    with mistaken.app_context():
        # Reads the options, which is no verification of a request.
        fw.decode_token(headers["Authorization"].split()[1])
    assert lines(lambda: client.get("/unknown")) == []
    assert lines(lambda: client.get(path, headers=headers)) == ["@jwt_required()"]
    assert lines(lambda: client.get(path, headers=headers)) == []
    mistaken.config["JWT_ACCESS_TOKEN_EXPIRES"] = 60
    assert lines(lambda: client.get("/closed", headers=headers)) == []


def test_warning_has_a_remedy(mistaken: Flask) -> None:
    expected = (
        r"@jwt_required\(\) has no effect on the endpoint 'opened': Flask registered the function "
        r"before it was decorated, and calls it undecorated; put @app.route above @jwt_required\(\)"
    )
    with pytest.warns(UnprotectedViewWarning, match=expected):
        mistaken.test_client().get("/closed")


def test_warning_raised_as_an_error_stays_one(mistaken: Flask) -> None:
    for _ in range(2):
        with pytest.raises(UnprotectedViewWarning):
            mistaken.test_client().get("/closed")


def test_correct_application_does_not_warn(app: Flask, headers: dict[str, str]) -> None:
    app.get("/")(jwt_required()(lambda: ""))
    assert lines(lambda: app.test_client().get("/", headers=headers)) == []


def test_view_that_reads_its_token_gets_an_error_with_the_reason(
    mistaken: Flask,
) -> None:
    with pytest.raises(RuntimeError, match=r"before using this method\. @jwt_required\(\) has no"):
        mistaken.test_client().get("/open")


def test_route_list_reports_it(mistaken: Flask) -> None:
    lost = {
        route.endpoint: [mark.text for mark in route.misplaced] for route in routes_of(mistaken)
    }
    assert {endpoint: marks for endpoint, marks in lost.items() if marks} == {
        "opened": ["jwt_required()"]
    }


def test_keys_that_change_while_the_options_are_read_are_read_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = state_of(app)
    read = state.snapshot

    def read_and_change(config: Any) -> Any:
        reading = read(config)
        state.keys_changed()
        return reading

    monkeypatch.setattr(state, "snapshot", read_and_change)
    state.snapshot_for_request(app)
    assert state.last_snapshot is None
    monkeypatch.undo()
    assert state.snapshot_for_request(app) is state.last_snapshot
