"""Every path of the service is declared, once and whole."""

import pytest
from flask import Flask

from flask_watchword import errors
from flask_watchword.service.access import ACCESS
from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.features.table import FEATURES, endpoints_of
from tests.service.declared import codes_by_status

SERVED = endpoints_of(FEATURES)
#: Flask answers these by itself, for every view of a GET and for every path.
OF_FLASK = {"HEAD", "OPTIONS"}


def test_no_route_of_the_service_lies_outside_the_table(app: Flask) -> None:
    routes = {
        (method, rule.rule, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - OF_FLASK
    }
    assert routes == {(one.method, one.path, f"watchword.{one.name}") for one in SERVED}


@pytest.mark.parametrize("one", [one for one in SERVED if one.body], ids=lambda one: one.name)
def test_a_body_has_no_room_for_fields_that_nobody_declared(one: Endpoint) -> None:
    assert one.body is not None
    assert one.body.__struct_config__.forbid_unknown_fields


def test_what_may_be_refused_is_told_of_the_endpoint_its_guard_and_its_body() -> None:
    refusals = {one.name: codes_by_status(one) for one in SERVED}
    assert sorted(refusals["login"]) == [400, 401, 403, 413, 415, 422, 429, 503]
    assert refusals["login"][503] == ("login_busy", "store_unavailable")
    assert refusals["me"][401][0] == "user_gone"
    assert "missing_token" in refusals["me"][401]
    assert refusals["healthz"] == {}


def test_what_changes_something_may_be_refused_for_where_it_comes_from() -> None:
    refusals = {one.name: codes_by_status(one) for one in SERVED}
    foreign = ("csrf_failed", "cross_origin")
    assert refusals["refresh"][403] == foreign
    assert refusals["logout"][403] == ("machine_token", *foreign)
    assert refusals["me"][403] == ("machine_token",)
    assert 403 not in refusals["register"]


def test_a_guard_tells_every_code_under_which_a_token_is_refused_for_what_it_is() -> None:
    classes = [found for found in vars(errors).values() if isinstance(found, type)]
    codes = {found.code for found in classes if issubclass(found, errors.TokenRejected)}
    assert codes <= {error.code for error in ACCESS.errors if error.status == 401}
