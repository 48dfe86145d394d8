"""The service in an application that also accepts tokens of other issuers."""

from collections.abc import Iterator

import pytest
from flask import Flask

from flask_watchword import Watchword, get_jwt_identity, jwt_required
from flask_watchword.accounts.users import User
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores
from tests.extension.issuers.others import Other, options
from tests.infra.http.site import running
from tests.service.conftest import PASSWORD, bearer


@pytest.fixture
def other() -> Iterator[Other]:
    with running() as site:
        yield Other(site, "/other")


@pytest.fixture
def app(settings: Settings, stores: Stores, other: Other) -> Flask:
    app = Flask("host")
    app.config["JWT_ISSUERS"] = options(other)
    Watchword(app, settings=settings, stores=stores)
    app.add_url_rule("/mine", "mine", jwt_required()(get_jwt_identity))
    return app


def test_subject_of_another_issuer_is_not_a_user_of_the_service(
    app: Flask, ada: User, other: Other
) -> None:
    client = app.test_client()
    theirs = bearer(other.token(sub=ada.id))
    assert client.get("/mine", headers=theirs).get_data(as_text=True) == ada.id
    for method, path in (("GET", "/me"), ("GET", "/sessions"), ("DELETE", "/sessions/x")):
        assert client.open(path, method=method, headers=theirs).status_code == 401
    for path in ("/logout", "/refresh"):
        assert client.post(path, headers=theirs).status_code == 401
    login = client.post("/login", json={"email": ada.email, "password": PASSWORD}).get_json()
    assert client.get("/me", headers=bearer(login["access_token"])).status_code == 200
    assert client.get("/mine", headers=bearer(login["access_token"])).status_code == 200


def test_unavailable_keys_of_an_issuer_are_a_503_in_the_services_format(
    app: Flask, other: Other
) -> None:
    other.break_down()
    answer = app.test_client().get("/me", headers=bearer(other.token()))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.get_json().keys() == {"msg", "code"}
