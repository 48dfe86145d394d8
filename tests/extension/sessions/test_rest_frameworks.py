"""Flask-RESTful and Flask-RESTX: rejections and store outages get the usual responses."""
# jwt_required() is typed Any, as Flask-JWT-Extended's is.
# mypy: disable-error-code=untyped-decorator

from typing import Any

import flask_restful
import flask_restx
import pytest
from flask import Blueprint

from flask_watchword import jwt_required
from tests.extension.sessions.conftest import MakeSite
from tests.extension.sessions.shared_store import Connection, Shared
from tests.extension.sessions.site import SignedIn, Site, refusal

FRAMEWORKS = [flask_restful, flask_restx]


@pytest.fixture
def connection() -> Connection:
    return Connection(Shared())


@pytest.fixture
def site(make_site: MakeSite, connection: Connection) -> Site:
    return make_site(WATCHWORD_SESSION_STORE=connection)


def add_resource(site: Site, api: Any, framework: Any) -> None:
    class Resource(framework.Resource):  # type: ignore[misc]
        @jwt_required()
        def get(self) -> str:
            return "seen"

        def post(self) -> str:
            return site.sessions.start("ada").access_token

    api.add_resource(Resource, "/resource")


def signed_in_before_the_store_went_down(site: Site, connection: Connection) -> SignedIn:
    ada = site.sign_in()
    assert ada.get("/resource").status_code == 200
    connection.down = True
    site.feed.elapsed = lambda: float("inf")
    return ada


def assert_unavailable(answer: Any) -> None:
    assert refusal(answer) == (503, "store_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("propagate", [None, True, False])
def test_store_outage_gives_503(
    site: Site, connection: Connection, framework: Any, propagate: bool | None
) -> None:
    site.app.config["PROPAGATE_EXCEPTIONS"] = propagate
    add_resource(site, framework.Api(site.app), framework)
    ada = signed_in_before_the_store_went_down(site, connection)
    assert_unavailable(ada.get("/resource"))
    assert_unavailable(ada.post("/resource"))


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_store_outage_gives_503_on_a_blueprint(
    site: Site, connection: Connection, framework: Any
) -> None:
    blueprint = Blueprint("api", "api")
    add_resource(site, framework.Api(blueprint), framework)
    site.app.register_blueprint(blueprint)
    ada = signed_in_before_the_store_went_down(site, connection)
    assert_unavailable(ada.get("/resource"))


def test_api_with_handlers_for_other_errors_leaves_this_one_to_the_extension(
    site: Site, connection: Connection
) -> None:
    api = flask_restful.Api(site.app, errors={"ValueError": {"message": "no", "status": 400}})
    add_resource(site, api, flask_restful)
    assert_unavailable(signed_in_before_the_store_went_down(site, connection).get("/resource"))


@pytest.mark.parametrize("propagate", [None, False])
def test_default_handler_of_flask_restx_does_not_make_it_a_500(
    site: Site, connection: Connection, propagate: bool | None
) -> None:
    site.app.config["PROPAGATE_EXCEPTIONS"] = propagate
    api = flask_restx.Api(site.app)
    api.errorhandler(lambda _error: ({"message": "boom"}, 500))
    add_resource(site, api, flask_restx)
    ada = signed_in_before_the_store_went_down(site, connection)
    assert_unavailable(ada.get("/resource"))
    assert_unavailable(ada.post("/resource"))


def test_api_with_a_handler_for_the_error_handles_it(site: Site, connection: Connection) -> None:
    errors = {"StoreUnavailable": {"message": "closed for today", "status": 418}}
    add_resource(site, flask_restful.Api(site.app, errors=errors), flask_restful)
    ada = signed_in_before_the_store_went_down(site, connection)
    assert ada.get("/resource").status_code == 418


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_an_ended_session_is_rejected(site: Site, framework: Any) -> None:
    add_resource(site, framework.Api(site.app), framework)
    ada = site.sign_in()
    ada.post("/end")
    assert refusal(ada.get("/resource")) == (401, "session_ended")
