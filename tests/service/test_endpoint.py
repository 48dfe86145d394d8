"""Every route of the service is declared exactly once and completely."""

import pytest
from flask import Flask

from flask_watchword import errors
from flask_watchword.service.access import ACCESS
from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.features.table import FEATURES, endpoints_of
from tests.service.declared import codes_by_status

SERVED = endpoints_of(FEATURES)
#: Flask answers these itself: HEAD for every GET view and OPTIONS for every path.
OF_FLASK = {"HEAD", "OPTIONS"}


def test_every_route_of_the_service_is_in_the_table(app: Flask) -> None:
    routes = {
        (method, rule.rule, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - OF_FLASK
    }
    assert routes == {(one.method, one.path, f"watchword.{one.name}") for one in SERVED}


@pytest.mark.parametrize("one", [one for one in SERVED if one.body], ids=lambda one: one.name)
def test_bodies_forbid_undeclared_fields(one: Endpoint) -> None:
    assert one.body is not None
    assert one.body.__struct_config__.forbid_unknown_fields


def test_errors_of_an_endpoint_include_those_of_its_permission_and_body() -> None:
    refusals = {one.name: codes_by_status(one) for one in SERVED}
    assert sorted(refusals["login"]) == [400, 401, 403, 413, 415, 422, 429, 503]
    assert refusals["login"][503] == ("login_busy", "store_unavailable")
    assert refusals["me"][401][0] == "user_gone"
    assert "missing_token" in refusals["me"][401]
    assert refusals["healthz"] == {}


def test_writing_endpoints_declare_origin_errors() -> None:
    refusals = {one.name: codes_by_status(one) for one in SERVED}
    foreign = ("csrf_failed", "cross_origin")
    assert refusals["refresh"][403] == foreign
    assert refusals["logout"][403] == ("machine_token", *foreign)
    assert refusals["me"][403] == ("machine_token",)
    assert 403 not in refusals["register"]


def test_permission_declares_every_code_for_a_rejected_token() -> None:
    classes = [found for found in vars(errors).values() if isinstance(found, type)]
    codes = {found.code for found in classes if issubclass(found, errors.TokenRejected)}
    assert codes <= {error.code for error in ACCESS.errors if error.status == 401}
