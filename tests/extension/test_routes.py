"""The protection of each route is found wherever its decorator is placed."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.views import MethodView, View
from flask_restful import Api as RestfulApi
from flask_restful import Resource as RestfulResource
from flask_restx import Api as RestxApi
from flask_restx import Resource as RestxResource

from flask_watchword import (
    fresh_required,
    jwt_expired_token_required,
    jwt_required,
    roles_required,
    scopes_required,
)
from flask_watchword.extension.checks.routes import Route, routes_of
from flask_watchword.extension.verification.route_metadata import PUBLIC, with_protection
from flask_watchword.service.access import PUBLIC as PUBLIC_GUARD
from flask_watchword.service.features.table import FEATURES, build_api, endpoints_of
from tests.service.declared import NO_CONTEXT

Decorator = Callable[[Any], Any]


@pytest.fixture
def bare() -> Flask:
    return Flask(__name__, static_folder=None)


def seen() -> str:
    return ""


def found(app: Flask) -> dict[tuple[str, str], Route]:
    return {(route.method, route.path): route for route in routes_of(app)}


def guards(app: Flask) -> dict[tuple[str, str], list[str]]:
    return {where: [one.text for one in route.protections] for where, route in found(app).items()}


@pytest.mark.parametrize(
    ("guard", "text"),
    [
        (jwt_required(), "jwt_required()"),
        (jwt_required(fresh=True), "jwt_required(fresh=True)"),
        (jwt_required(refresh=True), "jwt_required(refresh=True)"),
        (
            jwt_required(locations=["cookies"], verify_type=False, skip_revocation_check=True),
            "jwt_required(locations=['cookies'], verify_type=False, skip_revocation_check=True)",
        ),
        (jwt_expired_token_required(), "jwt_expired_token_required()"),
        (roles_required("admin", "editor"), "roles_required('admin', 'editor')"),
        (scopes_required("orders:read"), "scopes_required('orders:read')"),
        (fresh_required(max_age=300), "fresh_required(max_age=300)"),
    ],
)
def test_decorator_is_named_as_it_is_written(bare: Flask, guard: Decorator, text: str) -> None:
    bare.get("/")(guard(seen))
    (route,) = routes_of(bare)
    assert [one.text for one in route.protections] == [text]
    assert not route.is_open


def test_route_with_an_optional_token_is_public(bare: Flask) -> None:
    bare.get("/", endpoint="one")(jwt_required(optional=True)(seen))
    bare.get("/both", endpoint="both")(jwt_required(optional=True)(roles_required("admin")(seen)))
    assert {path: route.is_open for (_, path), route in found(bare).items()} == {
        "/": True,
        "/both": False,
    }


def test_decorator_is_found_below_and_beside_others(bare: Flask) -> None:
    def logged(view: Any) -> Any:
        @wraps(view)
        def wrapped() -> Any:
            return view()

        return wrapped

    bare.get("/")(logged(roles_required("a")(logged(fresh_required(max_age=1.5)(seen)))))
    assert guards(bare) == {("GET", "/"): ["roles_required('a')", "fresh_required(max_age=1.5)"]}


def test_protection_of_a_view_for_one_route_does_not_apply_to_another(bare: Flask) -> None:
    bare.add_url_rule("/guarded", "guarded", jwt_required()(seen))
    bare.add_url_rule("/open", "open", seen)
    assert guards(bare) == {("GET", "/guarded"): ["jwt_required()"], ("GET", "/open"): []}


def test_decorator_of_a_coroutine_is_found(bare: Flask) -> None:
    async def later() -> str:
        return ""

    bare.get("/")(jwt_required()(later))
    assert guards(bare) == {("GET", "/"): ["jwt_required()"]}


def test_each_method_of_a_class_has_its_own_decorators(bare: Flask) -> None:
    class Orders(MethodView):
        def get(self) -> str:
            return ""

        @roles_required("admin")
        def post(self) -> str:
            return ""

    class Guarded(Orders):
        decorators = [jwt_required()]  # noqa: RUF012 - as it is written

    bare.add_url_rule("/orders", view_func=Orders.as_view("orders"))
    bare.add_url_rule("/guarded", view_func=Guarded.as_view("guarded"))
    assert guards(bare) == {
        ("GET", "/orders"): [],
        ("POST", "/orders"): ["roles_required('admin')"],
        ("GET", "/guarded"): ["jwt_required()"],
        ("POST", "/guarded"): ["jwt_required()", "roles_required('admin')"],
    }


def test_attribute_named_like_an_unserved_method_protects_nothing(bare: Flask) -> None:
    class Report(View):
        def dispatch_request(self) -> str:
            return ""

        @jwt_required()
        def get(self) -> str:
            return ""

    class Guarded(View):
        @jwt_required()
        def dispatch_request(self) -> str:
            return ""

    bare.add_url_rule("/report", view_func=Report.as_view("report"))
    bare.add_url_rule("/guarded", view_func=Guarded.as_view("guarded"))
    assert guards(bare) == {("GET", "/report"): [], ("GET", "/guarded"): ["jwt_required()"]}


def test_protection_of_a_blueprint_applies_to_its_routes_only(bare: Flask) -> None:
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
    outer.before_request(jwt_required()(seen))
    for blueprint in (outer, inner):
        blueprint.get(f"/{blueprint.name}")(seen)
    outer.register_blueprint(inner)
    bare.register_blueprint(outer)
    bare.get("/outside")(seen)
    assert guards(bare) == {
        ("GET", "/outer"): ["jwt_required()"],
        ("GET", "/inner"): ["jwt_required()"],
        ("GET", "/outside"): [],
    }
    bare.before_request(roles_required("all")(seen))
    assert guards(bare)["GET", "/outside"] == ["roles_required('all')"]


def test_method_exempted_by_the_decorators_is_public(bare: Flask) -> None:
    bare.route("/", methods=["GET", "OPTIONS"])(jwt_required()(seen))
    assert guards(bare) == {("GET", "/"): ["jwt_required()"], ("OPTIONS", "/"): []}


def test_decorators_of_flask_restful_are_found(bare: Flask) -> None:
    class Plain(RestfulResource):  # type: ignore[misc]
        @jwt_required()
        def get(self) -> str:
            return ""

        def post(self) -> str:
            return ""

    class OfEach(Plain):
        method_decorators = (roles_required("each"),)

    class OfOne(Plain):
        method_decorators = {"post": [roles_required("post")]}  # noqa: RUF012 - as it is written

    api = RestfulApi(bare)
    for number, resource in enumerate((Plain, OfEach, OfOne)):
        api.add_resource(resource, f"/{number}", endpoint=str(number))
    guarded = RestfulApi(Blueprint("all", __name__), decorators=[fresh_required(max_age=1)])
    guarded.add_resource(Plain, "/all", endpoint="plain")
    bare.register_blueprint(guarded.blueprint)
    assert guards(bare) == {
        ("GET", "/0"): ["jwt_required()"],
        ("POST", "/0"): [],
        ("GET", "/1"): ["roles_required('each')", "jwt_required()"],
        ("POST", "/1"): ["roles_required('each')"],
        ("GET", "/2"): ["jwt_required()"],
        ("POST", "/2"): ["roles_required('post')"],
        ("GET", "/all"): ["fresh_required(max_age=1)", "jwt_required()"],
        ("POST", "/all"): ["fresh_required(max_age=1)"],
    }


def test_decorators_of_flask_restx_are_found(bare: Flask) -> None:
    api = RestxApi(bare, doc=False, add_specs=False)
    guarded = api.namespace("guarded", decorators=[jwt_required()])

    @guarded.route("/orders")
    class Orders(RestxResource):  # type: ignore[misc]
        method_decorators = (roles_required("a"),)

        def get(self) -> str:
            return ""

    assert guards(bare)["GET", "/guarded/orders"] == ["jwt_required()", "roles_required('a')"]


def test_every_endpoint_of_the_service_is_protected_or_declared_public(
    bare: Flask,
) -> None:
    served = endpoints_of(FEATURES)
    bare.register_blueprint(build_api(served, NO_CONTEXT))
    routes = {route.endpoint: route for route in routes_of(bare)}
    assert [route for route in routes.values() if route.is_open] == []
    assert {
        name.partition(".")[2] for name, route in routes.items() if PUBLIC in route.protections
    } == {one.name for one in served if one.access is PUBLIC_GUARD}


def test_route_declared_public_is_not_reported(bare: Flask) -> None:
    bare.get("/")(with_protection(lambda: "", PUBLIC))
    (route,) = routes_of(bare)
    assert not route.is_open
